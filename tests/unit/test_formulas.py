"""Formulas as text: what is printed reads back as the same expression, nothing else is understood."""

from __future__ import annotations

import pytest

from jqfast.features import api, close, column, lag, ts_corr, ts_mean, volume, where
from jqfast.formulas import parse


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("close / lag(close, 5) - 1", close / lag(close, 5) - 1),
        ("-ts_mean(close, 5, min_periods=3) / close", -ts_mean(close, 5, min_periods=3) / close),
        ("where((volume > 0) & ~(close <= 1e3), 1, 0)", where((volume > 0) & ~(close <= 1e3), 1, 0)),
        ('ts_corr(column("open"), close ** 2, 20)', ts_corr(column("open"), close**2, 20)),
        ("  (2 + 3) * close / close  ", 5.0 * close / close),
    ],
)
def test_text_gives_the_expression(text: str, expr: object) -> None:
    assert parse(text) is expr


def test_every_catalogue_formula_reads_back_as_itself() -> None:
    names = api.names("everything")
    for name in names:
        feature = api.describe(name).feature
        assert parse(str(feature.expr)) is feature.expr, name
    assert len(names) >= 90


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("close +", "is not a formula"),
        ("", "is not a formula"),
        ("ts_maen(close, 5)", "Unknown name in a formula `ts_maen`. Did you mean `ts_mean`"),
        ("ts_mean(close, 0)", "window"),
        ("lag(close, -1)", "-1"),
        ("close(5)", "`close` is a column, not an operator"),
        ("__import__('os').system('true')", "is not part of the feature language"),
        ("__import__('os')", "Unknown name in a formula"),
        ("close.facts", "is not part of the feature language"),
        ("[close]", "is not part of the feature language"),
        ("lambda: 1", "is not part of the feature language"),
        ("close if close else 1", "is not part of the feature language"),
        ("1 < close < 2", "is not part of the feature language"),
        ("close and volume", "is not part of the feature language"),
        ("close * True", "is not part of the feature language"),
        ("'a' * 1000", "Text can only be a parameter"),
        ("9 ** 9 ** 9 ** 9 * close", r"too large|out of range"),
        ("close / (1 / 0)", "division by zero"),
        ("ts_mean(*close)", "is not part of the feature language"),
        ("ts_mean(close, window=5, w=3)", "unexpected keyword"),
    ],
)
def test_what_is_no_formula_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse(text, where="features.own.my")
    assert "`features.own.my`" in str(caught.value)


def test_a_formula_nested_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match=r"nested too deeply|is not a formula"):
        parse("-" * 5000 + "close")
