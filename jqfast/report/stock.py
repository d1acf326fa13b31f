# ruff: noqa: E501  (sentences in two languages, one a line)
"""One stock on one day in words: the sentences its numbers support, and a page with waterfall and tables."""

from __future__ import annotations

from functools import partial
from html import escape
from importlib.resources import files

import numpy as np

from jqfast.report import tables
from jqfast.report.figures_stock import waterfall
from jqfast.report.inputs import Language
from jqfast.report.meanings import meaning
from jqfast.report.numbers import DASH, number, percent, value
from jqfast.report.reading import reading
from jqfast.report.stock_inputs import InputFacts, StockFacts
from jqfast.report.style import Style, relevance_colour, to_svg
from jqfast.report.tables import Cell, Row
from jqfast.report.text import Labels

LANGUAGES: tuple[Language, ...] = ("en", "ja")

#: Inputs that the sentences name in each direction, if they are at least this share of the largest.
NAMED, WORTH_NAMING = 3, 0.2
#: Inputs of the page's table that are not folded away.
SHOWN = 15

_WORDS: dict[str, tuple[str, str]] = {
    "rank": (
        "On {date} the {h} forecast ranks {code} {rank} of {stocks} stocks, {gap} standard deviations {side} the mean of the date.",
        "{date} の{h}予測で {code} は {stocks} 銘柄中 {rank} 位（同日平均を {gap} 標準偏差{side}）。",
    ),
    "raised": ("Raised most by {what}.", "予測を押し上げた主な要因：{what}。"),
    "lowered": ("Lowered most by {what}.", "予測を押し下げた主な要因：{what}。"),
    "nothing": (
        "No input moved it away from the average stock.",
        "平均的な銘柄との差をもたらした入力はない。",
    ),
    "reading": ("Over all stocks of the date, {name}: {what}.", "同日の全銘柄では {name}：{what}。"),
    "kept": (
        "Biases and the stabiliser keep {share} of the forecasts of this date: that part belongs to no input.",
        "この日の予測の {share} はバイアスと安定化項に残り、どの入力にも帰属しない。",
    ),
    "sessions": ("{h}-session", "{h}営業日"),
    "months": ("{h}-month", "{h}か月"),
    "above": ("above", "上回る"),
    "under": ("below", "下回る"),
    "input": ("{name} ({what})", "{name}（{what}）"),
    "value": ("value {x}", "値 {x}"),
    "missing": ("missing, filled with the mean", "欠損、平均で補完"),
    "lower": ("lower than {share} of the stocks", "{share} の銘柄より低い"),
    "higher": ("higher than {share} of the stocks", "{share} の銘柄より高い"),
    "relevance": ("relevance {x}", "貢献度 {x}"),
    "limits": (
        "This says why the model ranked the stock, not what the stock will do.",
        "これはモデルがこの順位とした理由であり、株価の見通しではない。",
    ),
}


def sentences(facts: StockFacts, language: Language = "en") -> list[str]:
    """What the numbers of a stock support, each statement from one figure; see the module.

    An input is named when its relevance is at least a fifth of the largest; how it works over the date is told
    only where the rank correlation over the stocks tells it (`jqfast.explain.shape`).
    """
    say = partial(_say, language)
    horizon = say("months" if facts.unit == "month" else "sessions", h=facts.horizon)
    side = say("above" if facts.gap >= 0 else "under")
    gap = number(abs(facts.deviations), 1)
    told = [
        say(
            "rank",
            date=facts.date,
            h=horizon,
            code=facts.code,
            rank=facts.rank,
            stocks=facts.stocks,
            gap=gap,
            side=side,
        )
    ]
    up, down = _named(facts, 1.0), _named(facts, -1.0)
    comma = "、" if language == "ja" else "; "
    for key, group in (("raised", up), ("lowered", down)):
        if group:
            told.append(say(key, what=comma.join(_input(each, language) for each in group)))
    if not up and not down:
        told.append(say("nothing"))
    for each in sorted([*up, *down], key=lambda i: -abs(i.relevance))[:NAMED]:
        what = reading(each.name, each.kind, each.shape, language)
        if what:
            told.append(say("reading", name=each.name, what=what))
    if np.isfinite(facts.kept):
        told.append(say("kept", share=percent(facts.kept)))
    return [*told, say("limits")]


def _named(facts: StockFacts, sign: float) -> list[InputFacts]:
    """The inputs worth naming that moved the forecast one way, the largest first."""
    largest = max((abs(each.relevance) for each in facts.inputs), default=0.0)
    ours = [i for i in facts.inputs if sign * i.relevance > 0 and abs(i.relevance) >= WORTH_NAMING * largest]
    return ours[:NAMED]


def _input(each: InputFacts, language: Language) -> str:
    """``ret_20 (value -1.81, lower than 96% of the stocks, relevance +0.05)``."""
    missing = not np.isfinite(each.value)
    parts = [_say(language, "missing" if missing else "value", x=number(each.value))]
    if np.isfinite(each.below):
        high = each.below >= 0.5
        share = percent(each.below if high else 1.0 - each.below, 0)
        parts.append(_say(language, "higher" if high else "lower", share=share))
    parts.append(_say(language, "relevance", x=number(each.relevance, 3, signed=True)))
    return _say(language, "input", name=each.name, what=("、" if language == "ja" else ", ").join(parts))


def _say(language: Language, key: str, **fields: object) -> str:
    return _WORDS[key][int(language == "ja")].format(**fields)


def input_table(facts: StockFacts, labels: Labels, most: int | None = None) -> str:
    """The inputs by falling relevance: raw and normalised value, place among the stocks, relevance."""
    scale = max((abs(each.relevance) for each in facts.inputs), default=0.0) or 1.0
    keys = ("input", "meaning", "raw_value", "normalised", "below_share", "relevance", "sector_relevance")
    rows: list[Row] = []
    for each in facts.inputs[:most]:
        unit = f" {each.unit}" if each.unit not in ("", "number") else ""
        raw = value(each.raw)
        rows.append(
            [
                each.name,
                meaning(each.name, each.meaning, labels.language),
                f"{raw}{unit}" if raw != DASH else DASH,
                number(each.value),
                percent(each.below, 0),
                Cell(number(each.relevance, 3, signed=True), relevance_colour(each.relevance / scale)),
                number(each.sector, 3, signed=True),
            ]
        )
    return tables.table([labels(key) for key in keys], rows, text=2)


def peer_table(facts: StockFacts, labels: Labels) -> str:
    """The stock among its peers: rank, forecast, relevance of the inputs that moved it most."""
    sizes = [abs(r) for peer in facts.peers for r in peer.relevance if np.isfinite(r)]
    scale = max(sizes, default=0.0) or 1.0
    rows: list[Row] = []
    for peer in facts.peers:
        css = "primary" if peer.code == facts.code else ""
        cells = [Cell(number(r, 3, signed=True), relevance_colour(r / scale)) for r in peer.relevance]
        rows.append(
            [
                Cell(peer.code, css=css),
                Cell(str(peer.rank), css=css),
                Cell(number(peer.score), css=css),
                *cells,
            ]
        )
    head = [labels("code"), labels("rank"), labels("score"), *facts.shown]
    return tables.table(head, rows, css="heat")


def page(facts: StockFacts, language: Language = "en", font: str | None = None) -> str:
    """A self-contained HTML page: sentences, waterfall, inputs, peers."""
    label, style = Labels(language), Style(language, font)
    title = label("stock_title", code=facts.code, date=facts.date)
    _, figure = waterfall(facts, style)
    words = "".join(f"<p>{escape(text)}</p>" for text in sentences(facts, language))
    svg = f'<div class="plot wide" role="img" aria-label="{escape(title)}">{to_svg(figure, "w", style)}</div>'
    peers = label("peers_sector", sector=facts.sector) if facts.sector else label("peers_rank")
    notes = f'<p class="foot">{escape(label("waterfall_note"))}</p>'
    more = f"<details><summary>{escape(label('all_inputs', n=len(facts.inputs)))}</summary>{input_table(facts, label)}</details>"
    model = label("model_of", name=facts.model) + (
        label("members", n=facts.members) if facts.members > 1 else ""
    )
    css = files("jqfast.report").joinpath("page.css").read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{css}</style>\n</head>\n<body>\n"
        f'<header><p class="eyebrow">jqfast</p><h1>{escape(title)}</h1>'
        f'<p class="facts"><span>{escape(facts.source)}</span> <span>{escape(model)}</span></p></header>\n'
        f"<main>{words}\n<figure>{svg}{notes}</figure>\n"
        f"<h2>{escape(label('inputs_title'))}</h2>{input_table(facts, label, SHOWN)}{more}\n"
        f"<h2>{escape(peers)}</h2>{peer_table(facts, label)}\n</main>\n</body>\n</html>\n"
    )
