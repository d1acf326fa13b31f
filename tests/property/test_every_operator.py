"""What holds for every operator of the registry on any data; one that is added is taken up by itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from operator_uses import all_uses, uses

from jqfast.data.panel import Panel
from jqfast.features import Expr, close, column, high, low, open_, volume
from jqfast.features.execute import execute
from jqfast.features.operators import OPERATORS

X, Y = column("x"), column("y")
T, N = 24, 7
USES = all_uses((X, Y, X * Y), windows=(1, 6, 30))
FEW = settings(max_examples=12, deadline=None)
VALUES = st.one_of(
    st.integers(-4, 4).map(float),  # many ties
    st.floats(-1e6, 1e6, allow_subnormal=False),
    st.sampled_from([np.nan, np.nan, np.inf, -0.0, 1e12]),
)
TABLES = arrays.arrays(np.float64, (T, N), elements=VALUES)
GROUPS = arrays.arrays(np.float64, (T, N), elements=st.sampled_from([0.0, 1.0, np.nan]))


def _run(exprs: Mapping[str, Expr], codes: np.ndarray | None = None, **columns: np.ndarray) -> np.ndarray:
    shape = next(iter(columns.values())).shape
    dates = np.datetime64("2024-01-01") + np.arange(shape[0])
    names = np.array([f"{1000 + n}" for n in range(shape[1])]) if codes is None else codes
    panel = Panel(dates, names, {"close": np.ones(shape), **columns}, np.ones(shape, dtype=bool))
    return execute(panel, list(exprs.values()), dtype="float64", threads=1)


def _differing(a: np.ndarray, b: np.ndarray) -> list[str]:
    """The uses whose bits are not the same."""
    assert a.shape == b.shape == (len(USES), *a.shape[1:])
    bits = (np.ascontiguousarray(values).view(np.int64) for values in (a, b))
    return [name for name, x, y in zip(USES, *bits, strict=True) if not np.array_equal(x, y)]


def test_every_operator_is_among_them() -> None:
    assert {expr.op for expr in USES.values()} >= set(OPERATORS)


@FEW
@given(TABLES, TABLES, GROUPS, st.integers(0, T - 2), st.sampled_from([np.nan, 1e30, -np.inf]))
def test_no_later_row_is_read(x, y, group, t, poison) -> None:
    columns = {"x": x, "y": y, "group": group}
    want = _run(USES, **columns)[:, : t + 1]
    assert _differing(_run(USES, **{name: values[: t + 1] for name, values in columns.items()}), want) == []
    spoilt = {name: np.where(np.arange(T)[:, None] > t, poison, values) for name, values in columns.items()}
    assert _differing(_run(USES, **spoilt)[:, : t + 1], want) == []


@FEW
@given(TABLES, TABLES, GROUPS, st.permutations(range(N)))
def test_stocks_in_another_order_give_the_same(x, y, group, order) -> None:
    columns = {"x": x, "y": y, "group": group}
    codes = np.array([f"{1000 + n}" for n in range(N)])
    moved = {name: np.ascontiguousarray(values[:, order]) for name, values in columns.items()}
    assert _differing(_run(USES, codes[order], **moved), _run(USES, **columns)[:, :, order]) == []


def _measured(name: str) -> list[Expr]:
    """Uses of an operator on prices, on yen and on plain numbers: where it has one scale, and is allowed."""
    found: list[Expr] = []
    prices = (close, open_, high)
    for series in (prices, [price * volume for price in prices], [price / low for price in prices]):
        try:
            found += uses(name, series, windows=(6,)).values()
        except ValueError:  # it takes plain numbers alone
            continue
    return [expr for expr in found if expr.scale is not None and not expr.scale.anything]


@pytest.mark.parametrize("name", OPERATORS)
def test_a_value_grows_with_yen_as_its_scale_says(name: str) -> None:
    """Prices in a coin of a quarter of a yen: factors of 2 are exact, and bits compared where possible."""
    rng = np.random.default_rng(6)
    prices = {key: 1000 + 100 * rng.standard_normal((40, N)) for key in ("close", "open", "high", "low")}
    group = np.broadcast_to(np.arange(N) % 2.0, (40, N)).copy()
    rest = {"group": group, "volume": rng.integers(1, 99, (40, N)) * 100.0}
    compared = 0
    for expr in _measured(name):
        before, after = (
            _run({"x": expr}, **rest, **{key: factor * values for key, values in prices.items()})
            for factor in (1.0, 4.0)
        )
        power, shift = expr.scale.power[0], expr.scale.shift[0]
        want = before * 4.0**power + shift * np.log(4.0)
        exact = shift == 0.0 and (2 * power).is_integer()
        np.testing.assert_allclose(after, want, rtol=0.0 if exact else 1e-14, atol=0.0)
        compared += int(np.isfinite(want).sum())
    assert compared > 0
