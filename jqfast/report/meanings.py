"""What the inputs are, in the language of the page.

The catalogue says it in English, once (`Feature.doc`); `meanings_ja.tsv` holds each of its sentences beside
the Japanese one. Names of parameters (``k``, ``w``) stand apart in both, and are replaced by their values.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jqfast.features.declare import registry
from jqfast.features.describe import filled, worded
from jqfast.report.inputs import Language

#: Kind of the feature map -> its Japanese name.
KINDS = {
    "alpha158": "公開特徴量集",
    "event": "イベント",
    "flow": "資金フロー",
    "growth": "成長",
    "lag": "過去の値",
    "liquidity": "流動性",
    "macro": "マクロ",
    "market": "市場",
    "momentum": "モメンタム",
    "peers": "同業比較",
    "position": "値幅内の位置",
    "progress": "進捗率",
    "quality": "クオリティ",
    "regime": "局面",
    "revision": "予想修正",
    "risk": "リスク",
    "sector": "業種",
    "size": "規模",
    "supply": "需給",
    "surprise": "業績サプライズ",
    "time": "暦",
    "trend": "トレンド",
    "value": "バリュー",
    "volatility": "変動率",
    "volume": "出来高",
    "own": "独自",
}


def meaning(name: str, english: str, language: Language) -> str:
    """The sentence of an input, parameters filled in; an own input keeps its words, also where it has taken a
    name of the catalogue."""
    feature = registry.features.get(name)
    if language == "en" or feature is None or worded(feature) != english:
        return english
    return filled(sentences().get(feature.doc, feature.doc), feature.params)


def kind_name(kind: str, language: Language) -> str:
    """The kind of a feature for the reader."""
    return KINDS.get(kind, kind) if language == "ja" else kind


@cache
def sentences() -> dict[str, str]:
    """English sentence -> Japanese sentence, in the order of the catalogue."""
    text = files("jqfast.report").joinpath("meanings_ja.tsv").read_text(encoding="utf-8")
    pairs = (line.partition("\t") for line in text.splitlines())
    return {english: japanese for english, _, japanese in pairs}
