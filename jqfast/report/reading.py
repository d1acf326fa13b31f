# ruff: noqa: E501  (one sentence a line, so that the two languages can be compared; Japanese characters count double)
"""What a scatter of input values against relevances supports, as a sentence; silence where it supports none.

What a direction (`jqfast.explain.shape`) means depends on the kind of the input: a falling recent return is
the reversal, one-sided profitability the quality reading.
"""

from __future__ import annotations

import re

from jqfast.explain.shape import Shape
from jqfast.report.inputs import Language
from jqfast.types import AnyArray, BoolArray

#: Returns over at most so many sessions are recent ones.
RECENT = 20

_RETURN = re.compile(r"ret_(\d+)")


def theme(feature: str, kind: str) -> str:
    """What an input is about: its kind, with recent returns apart from long ones."""
    found = _RETURN.fullmatch(feature)
    if not found:
        return kind
    return "recent return" if int(found[1]) <= RECENT else "past return"


#: (theme, direction) -> what it means, in both languages; the general sentences are below.
MEANINGS: dict[tuple[str, str], tuple[str, str]] = {
    ("recent return", "falling"): (
        "what fell lately is ranked up and what rose is ranked down, the short-term reversal",
        "直近で下落した銘柄を高く、上昇した銘柄を低く評価（短期リバーサル）",
    ),
    ("recent return", "rising"): (
        "what rose lately is ranked up, short-term continuation",
        "直近で上昇した銘柄を高く評価（短期の継続）",
    ),
    ("past return", "rising"): (
        "winners of the past are ranked up, momentum",
        "過去の勝ち組を高く評価（モメンタム）",
    ),
    ("past return", "falling"): (
        "losers of the past are ranked up, the long-term reversal",
        "過去の負け組を高く評価（長期リバーサル）",
    ),
    ("quality", "rising_high"): (
        "high quality raises the forecast, low quality does not lower it: the effect is one-sided",
        "クオリティの高さは予測を上げるが、低さは下げない（非対称）",
    ),
    ("quality", "rising"): ("quality is ranked up", "クオリティの高い銘柄を高く評価"),
    ("value", "rising"): ("cheap stocks are ranked up", "割安銘柄を高く評価"),
    ("value", "falling"): ("cheap stocks are ranked down", "割安銘柄を低く評価"),
    ("size", "falling"): ("small stocks are ranked up", "小型株を高く評価"),
    ("size", "rising"): ("large stocks are ranked up", "大型株を高く評価"),
    ("volatility", "falling"): ("calm stocks are ranked up", "値動きの小さい銘柄を高く評価"),
    ("volatility", "rising"): ("volatile stocks are ranked up", "値動きの大きい銘柄を高く評価"),
}

GENERAL: dict[str, tuple[str, str]] = {
    "rising": ("higher values raise the forecast", "値が高いほど予測を上げる"),
    "falling": ("higher values lower the forecast", "値が高いほど予測を下げる"),
    "rising_high": (
        "above its mean, higher values raise the forecast",
        "平均より上では、値が高いほど予測を上げる",
    ),
    "falling_high": (
        "above its mean, higher values lower the forecast",
        "平均より上では、値が高いほど予測を下げる",
    ),
    "rising_low": (
        "below its mean, lower values lower the forecast",
        "平均より下では、値が低いほど予測を下げる",
    ),
    "falling_low": (
        "below its mean, lower values raise the forecast",
        "平均より下では、値が低いほど予測を上げる",
    ),
}


def reading(feature: str, kind: str, found: Shape, language: Language) -> str:
    """What value and relevance of an input have to do with each other over stocks; empty where nothing tells."""
    way = found.direction
    if way == "mixed":
        return ""
    both = MEANINGS.get((theme(feature, kind), way), GENERAL[way])
    return both[int(language == "ja")]


#: Attributes that tell what kind of stocks a falling market helps: feature -> words for low and for high values.
ATTRIBUTES: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "book_to_price": (("expensive by book value", "B/P で割高"), ("cheap by book value", "B/P で割安")),
    "earnings_yield_forecast": (("expensive by earnings", "E/P で割高"), ("cheap by earnings", "E/P で割安")),
    "log_market_value": (("small", "小型"), ("large", "大型")),
    "ret_240": (("past losers", "過去1年の負け組"), ("past winners", "過去1年の勝ち組")),
    "ret_720": (("losers of three years", "過去3年の負け組"), ("winners of three years", "過去3年の勝ち組")),
    "ret_20": (("losers of the month", "直近1か月の負け組"), ("winners of the month", "直近1か月の勝ち組")),
    "roe_forecast": (("of low profitability", "低収益"), ("of high profitability", "高収益")),
    "equity_ratio": (("indebted", "財務が弱い"), ("financially sound", "財務が健全")),
}


def leanings(features: list[str], difference: AnyArray, telling: BoolArray, language: Language) -> str:
    """How stocks whose forecasts an input raised differ from those it lowered: "cheap, small, past losers"."""
    words = []
    for name, gap, tells in zip(features, difference, telling, strict=True):
        if tells and name in ATTRIBUTES:
            words.append(ATTRIBUTES[name][int(gap > 0)][int(language == "ja")])
    return ("、" if language == "ja" else ", ").join(words)
