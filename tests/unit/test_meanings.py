"""Every input of the catalogue says in Japanese what it is."""

from __future__ import annotations

import re

import pytest

from jqfast.features.declare import registry
from jqfast.features.describe import worded
from jqfast.report.inputs import FeatureRow
from jqfast.report.meanings import KINDS, kind_name, meaning, sentences
from jqfast.report.tables import feature_table
from jqfast.report.text import Labels

#: A parameter in a sentence: a letter that stands alone.
LETTER = re.compile(r"(?<![\w`])[a-z](?![\w`])")
#: What an English sentence has and a Japanese one with foreign names does not: three words side by side.
ENGLISH = re.compile(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}")


def test_every_sentence_of_the_catalogue_has_a_japanese_one_and_no_other_stands_there() -> None:
    declared = {feature.doc: feature for feature in registry.features.values()}
    assert list(sentences()) == list(declared)
    for english, japanese in sentences().items():
        assert re.search("[ぁ-んァ-ン一-龥]|−", japanese), english
        assert not ENGLISH.search(re.sub("`.*?`", "", japanese)), japanese
        params = set(declared[english].params)
        assert set(LETTER.findall(japanese)) & params == set(LETTER.findall(english)) & params, english


def test_every_kind_has_a_name() -> None:
    assert {feature.kind for feature in registry.features.values()} <= set(KINDS)
    assert kind_name("value", "ja") == "バリュー"
    assert kind_name("value", "en") == "value"


@pytest.mark.parametrize(
    ("name", "english", "japanese"),
    [
        ("ret_5", "Simple return over 5 sessions.", "5 日リターン。"),
        ("k_month_3", "1 in month 3 of the year.", "3 月なら 1。"),
        ("rsi_overbought", "1 where the 14-session RSI is at least 70.", "14 日 RSI が 70 以上なら 1。"),
    ],
)
def test_parameters_are_filled_in(name: str, english: str, japanese: str) -> None:
    assert worded(registry[name]) == english
    assert meaning(name, english, "en") == english
    assert meaning(name, english, "ja") == japanese


def test_an_own_input_keeps_its_words() -> None:
    assert meaning("mine", "My own.", "ja") == "My own."
    assert meaning("ret_5", "", "ja") == ""
    assert meaning("ret_5", "My own.", "ja") == "My own."  # an own input under a name of the catalogue


def test_the_list_of_inputs_is_in_the_language_of_the_page() -> None:
    rows = [FeatureRow("ret_5", doc="Simple return over 5 sessions.", kind="momentum")]
    assert "5 日リターン。" in feature_table(rows, Labels("ja"))
    assert "モメンタム" in feature_table(rows, Labels("ja"))
    assert "Simple return over 5 sessions." in feature_table(rows, Labels("en"))
