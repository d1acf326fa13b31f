"""The page: self-contained, well-formed, escaped, the same twice, honest about what is missing or suspect."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import numpy as np
import pytest
from report_inputs import full_input, monitor_facts, tiny_input, trust_facts

from jqfast.report import boxes, fonts, html, prose, text
from jqfast.report.inputs import ForecastFacts, Interval, Language, PlantedFacts, ReferenceScore, ReportInput

FIGURES = ("5", "6", "7", "8", "9", "10a", "10b", "11", "12", "A", "B", "C", "D", "F", "G", "H", "I", "J")


class Outline(HTMLParser):
    """Collects ids and references and complains about tags that do not nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self._note(attrs)
        if tag in ("meta", "br", "wbr"):
            self.open.pop()

    def handle_startendtag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def _note(self, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if value and name in ("href", "xlink:href") and value.startswith("#"):
                self.references.add(value[1:])
            self.references.update(re.findall(r"url\(#([^)]+)\)", value or ""))


def _whole(language: str) -> ReportInput:
    """Every part of a report at once."""
    report = full_input(language)  # type: ignore[arg-type]  # a text of its values
    return replace(report, trust=trust_facts(), monitor=monitor_facts())


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The full report in both languages."""
    return {language: html.build(_whole(language)) for language in ("en", "ja")}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_page_is_well_formed_and_every_reference_has_its_target(pages: dict[str, str], language: str) -> None:
    outline = Outline()
    outline.feed(pages[language])
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids)) > 100
    assert outline.references <= set(outline.ids)
    assert set(html.SECTIONS) <= outline.references
    assert {f"figure-{key}" for key in FIGURES} <= set(outline.ids)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_page_needs_nothing_from_outside(pages: dict[str, str], language: str) -> None:
    page = pages[language]
    assert f'<html lang="{language}">' in page
    for forbidden in (
        "http:",
        "https:",
        "//cdn",
        "<script src",
        "<link",
        "@import",
        "src=",
        "<?xml",
        "<metadata",
    ):
        assert forbidden not in page
    assert len(page.encode()) < 3_000_000


@pytest.mark.parametrize("language", ["en", "ja"])
def test_missing_numbers_are_never_spelled_nan(pages: dict[str, str], language: str) -> None:
    assert re.search(r">[^<]*\bnan\b[^<]*<", pages[language], re.IGNORECASE) is None


def test_same_input_gives_the_same_bytes(pages: dict[str, str]) -> None:
    assert html.build(_whole("en")) == pages["en"]


def test_text_from_users_is_escaped(pages: dict[str, str]) -> None:
    assert "Simple return &amp; &lt;more&gt;." in pages["en"]
    assert "キオクシア &lt;HD&gt;" in pages["en"]
    evil = replace(tiny_input(), title="<img src=x onerror=alert(1)>", warnings=("<b>bad</b>",))
    page = html.build(evil)
    assert "<img" not in page
    assert "&lt;b&gt;bad&lt;/b&gt;" in page


def test_headings_show_both_languages(pages: dict[str, str]) -> None:
    assert '<h2>Summary<small lang="ja">要約</small></h2>' in pages["en"]
    assert '<h2>要約<small lang="en">Summary</small></h2>' in pages["ja"]


def test_summary_comes_first_and_red_boxes_before_it(pages: dict[str, str]) -> None:
    page = pages["en"]
    order = [page.index(mark) for mark in ('class="box red"', 'id="summary"', 'id="data"', 'id="figure-6"')]
    assert order == sorted(order)


def test_definitions_and_caveats_are_printed(pages: dict[str, str]) -> None:
    for both in prose.CAVEATS:
        assert both[1] in pages["ja"]
    assert "not investment advice" in pages["en"]
    assert "not stationary" in pages["en"]
    assert "RankIC of the 5-session return" in pages["en"]


def test_horizons_of_months_are_called_so() -> None:
    report = replace(full_input(), unit="month", title="Months")
    page = html.build(report)
    for words in ("RankIC, 5 months", "RankIC over time, 5-month return", "RankIC of the 5-month return"):
        assert words in page
    assert re.search(r"\b5[ -]session", page) is None
    assert "RankIC（5か月）" in html.build(replace(report, language="ja"))


def test_what_the_numbers_tell_is_said_below_the_figures(pages: dict[str, str]) -> None:
    english, japanese = pages["en"], pages["ja"]
    assert "the short-term reversal" in english
    assert "短期リバーサル" in japanese
    assert "against those it lowered: cheap by book value, small, past losers." in english
    assert "B/P で割安、小型、過去1年の負け組" in japanese
    assert "Relevance minus its mean over all stocks of the same date." in english


def test_a_run_without_results_still_has_a_report() -> None:
    page = html.build(tiny_input("en"))
    assert "The LSTM has no LRP yet." in page
    assert page.count("Not available in this run.") == 6
    assert "supports no judgement" in page


def test_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown language `jp`"):
        html.build(replace(tiny_input(), language="jp"))  # type: ignore[arg-type]  # wrong on purpose


def strong(report: ReportInput) -> ReportInput:
    """The report with results that no real data give."""
    assert report.portfolio is not None
    score = replace(report.forecast.scores[1], rank_ic=0.21, r2=0.034)
    forecast = ForecastFacts("MLP", 3, [score])
    return replace(report, forecast=forecast, portfolio=replace(report.portfolio, sharpe_gross=6.1))


def with_references(language: Language) -> ReportInput:
    """The report of a simulated market, with what of it could have been found."""
    report = full_input(language, simulated=True)
    scores = [ReferenceScore(5, 0.03, 0.06, 0.04, 0.05), ReferenceScore(1, 0.01, 0.0, 0.0, 0.0)]
    planted = PlantedFacts(("reversal", "value"), ("reversal",), scores)
    return replace(report, forecast=replace(report.forecast, planted=planted))


def test_results_above_the_sanity_ranges_are_suspected_leaks() -> None:
    found = boxes.boxes(strong(full_input("en")))
    assert [box.kind for box in found] == ["red", "red"]
    assert "Survivors only" in found[0].text
    assert found[1].text.startswith("Suspected leak, run the audit")
    assert "RankIC 0.210 (5 sessions), R² 3.40% (5 sessions), Sharpe ratio before costs 6.10" in found[1].text


def test_on_a_simulated_market_they_are_notices() -> None:
    found = boxes.boxes(strong(full_input("ja", simulated=True)))
    assert [box.kind for box in found] == ["note", "note"]
    assert "RankIC 0.210 (5営業日)" in found[1].text


@pytest.mark.parametrize(("language", "why"), [("en", "A share has no interval"), ("ja", "区間は定まらない")])
def test_a_share_without_an_interval_says_why(language: Language, why: str) -> None:
    report = with_references(language)
    assert why not in html.build(report)  # no reference has one
    assert report.forecast.planted is not None
    oracle = Interval(-0.01, 0.13)
    for share, told in ((Interval(), True), (Interval(0.1, 4.0), False)):
        known = {"oracle": oracle, "oracle_share": share}
        scores = [replace(row, intervals=known) for row in report.forecast.planted.scores]
        planted = replace(report.forecast.planted, scores=scores)
        page = html.build(replace(report, forecast=replace(report.forecast, planted=planted)))
        assert (why in page) == told


@pytest.mark.parametrize(("language", "word"), [("en", "Ridge on the true drivers"), ("ja", "オラクル")])
def test_what_could_have_been_found_stands_beside_what_was(language: Language, word: str) -> None:
    page = html.build(with_references(language))
    assert word in page
    assert "reversal, value" in page
    for cell in ("0.0300", "0.0600", "50%", "0.0400", "75%", "0.0500"):
        assert cell in page, cell
    assert word not in html.build(full_input(language, simulated=True))


def _row_widths(page: str) -> list[set[int]]:
    """Of each table, the numbers of cells that its rows have."""
    tables = re.findall(r"<table.*?</table>", page, re.S)
    return [
        {len(re.findall(r"<t[hd][ >]", row)) for row in re.findall(r"<tr>.*?</tr>", t, re.S)} for t in tables
    ]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_row_of_a_table_has_a_cell_for_every_heading(language: Language) -> None:
    widths = _row_widths(html.build(with_references(language)))
    assert len(widths) > 5
    assert all(len(width) == 1 for width in widths), widths


def test_ordinary_results_raise_no_box() -> None:
    report = full_input("ja")
    assert boxes.boxes(replace(report, data=replace(report.data, survivors_only=False))) == []


@pytest.mark.parametrize(
    ("t", "net", "interval", "words"),
    [
        (4.0, 0.9, Interval(0.2, 1.6), "stays profitable"),
        (4.0, 0.9, Interval(-0.2, 1.6), "includes zero"),
        (4.0, -0.1, Interval(-0.9, 0.7), "consume the profit"),
        (4.0, 0.9, Interval(), "was not established here"),
        (4.0, np.nan, Interval(), "was not established here"),
        (1.9, 3.0, Interval(2.0, 4.0), "No evidence"),
        (-3.0, 0.9, Interval(0.2, 1.6), "wrong order"),
        (np.nan, 0.9, Interval(0.2, 1.6), "supports no judgement"),
    ],
)
def test_verdict(t: float, net: float, interval: Interval, words: str) -> None:
    report = full_input("en", simulated=True)
    assert report.portfolio is not None
    score = replace(report.forecast.scores[1], t_newey_west=t)
    portfolio = replace(report.portfolio, sharpe_net=net, sharpe_net_interval=interval)
    said = boxes.verdict(replace(report, forecast=ForecastFacts("MLP", 3, [score]), portfolio=portfolio))
    assert words in said
    assert "red boxes" not in said


def test_missing_font_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "japanese_family", lambda: None)
    page = html.build(tiny_input("ja"))
    assert page.count("日本語フォントが見つからない") == 1


def test_write_replaces_the_file_in_one_step(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    assert html.write(target, tiny_input()) == target
    assert target.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_failed_write_leaves_the_old_report_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")

    def full_disk(path: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(OSError, match="No space left"):
        html.write(target, tiny_input())
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert target.read_text() == "old"


def test_write_into_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        html.write(tmp_path / "no" / "report.html", tiny_input())


def _fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_both_languages_say_everything_with_the_same_fields() -> None:
    both = [*text.LABELS.values(), *prose.SENTENCES.values(), *prose.CAVEATS, *prose.QUALITY_NAMES.values()]
    both += [pair for name_and_text in prose.DEFINITIONS.values() for pair in name_and_text]
    for english, japanese in both:
        assert english
        assert japanese
        assert _fields(english) == _fields(japanese)
    assert len(both) > 180


def test_unknown_label_names_the_closest() -> None:
    with pytest.raises(ValueError, match="Did you mean `summary`"):
        text.Labels("en")("sumary")
