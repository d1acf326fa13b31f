"""A set stands for what a panel can give; the rest is told, and a name of one's own is never dropped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import jqfast.features as features
from jqfast.data.panel import PRICE_COLUMNS, Panel
from jqfast.features import Family, close, column, declare, dow_sin, lag, sets


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry with a family that reads columns of tables, and one that is offered beside them only."""
    own = declare.Registry()
    tables = Family("tables")
    tables.add("of_a", lambda: column("table_a", unit="price") / close, norm="cs", doc="d.")
    tables.add("of_b", lambda: column("table_b", market=True), norm="ts", doc="d.")
    beside = Family("beside", needs=("table_a",))
    beside.add("of_prices", lambda: close / lag(close, 3), norm="cs", doc="d.")
    beside.add("of_dates", lambda: dow_sin + 0.0, norm="unit", doc="d.")
    own.register(tables)
    own.register(beside)
    for module in (declare, sets, features.api):
        monkeypatch.setattr(module, "registry", own)


@pytest.fixture
def prices() -> Panel:
    T, N = 6, 3
    values = np.arange(1.0, 1 + T * N).reshape(T, N)
    columns = {name: values.copy() for name in PRICE_COLUMNS}
    dates = np.arange("2024-01-08", "2024-01-14", dtype="datetime64[D]")
    return Panel(dates, np.array(["1301", "1302", "1303"]), columns, np.ones((T, N), bool))


def with_a(panel: Panel) -> Panel:
    return panel.with_columns(table_a=np.ones(panel.shape))


@pytest.mark.usefixtures("registered")
def test_members_without_columns_are_left_out_and_told(prices: Panel) -> None:
    X = features.panel(prices, "all")
    assert not {"of_a", "of_b", "of_prices", "of_dates"} & set(X.names)
    assert "2 features of `tables` left out: the panel has no table_a, table_b." in X.notes
    assert "2 features of `beside` left out: the panel has no table_a." in X.notes
    assert "no table_a, table_b" in repr(X)
    more = features.panel(with_a(prices), "all")
    assert {"of_a", "of_prices", "of_dates"} <= set(more.names)
    assert "1 feature of `tables` left out: the panel has no table_b." in more.notes
    assert more.names == features.names("all", with_a(prices).columns)
    assert set(features.names()) - set(more.names) >= {"of_b"}


@pytest.mark.usefixtures("registered")
def test_a_name_is_never_left_out(prices: Panel, tmp_path: Path) -> None:
    for asked in ("of_a", ["rsi", "of_a"]):
        with pytest.raises(ValueError, match="The panel has no column `table_a`"):
            features.panel(prices, asked)
    with pytest.raises(ValueError, match="The panel has no column `table_a`"):
        features.write(prices, ["of_a"], tmp_path / "x.npy")
    # What needs no column of a table is computed when it is asked for, whatever its family.
    assert features.panel(prices, ["of_prices", "of_dates"]).names == ("of_prices", "of_dates")
    assert features.panel(prices, "of_prices").notes == ()


@pytest.mark.usefixtures("registered")
def test_a_set_of_which_nothing_is_left_is_an_error(prices: Panel) -> None:
    with pytest.raises(ValueError, match=r"No feature of the set `tables` can be computed\. 2 features"):
        features.panel(prices, "tables")


@pytest.mark.usefixtures("registered")
def test_streams_and_files_choose_the_same(prices: Panel, tmp_path: Path) -> None:
    panel = with_a(prices)
    X = features.panel(panel, "all")
    assert features.stream(panel, "all").names == X.names
    assert features.stream(None, "all").names == features.panel(prices, "all").names
    saved = np.load(features.write(panel, "all", tmp_path / "x.npy"))
    np.testing.assert_array_equal(saved, X.values)


def test_many_missing_columns_are_counted() -> None:
    family = Family("wide")
    build = sum((column(f"c{k}") for k in range(1, 9)), column("c0"))
    family.add("sum", lambda: build, norm="cs", doc="d.")
    (feature,) = family
    assert sets.lacking(feature, {"c0": 0, "c3": 0}) == {f"c{k}" for k in (1, 2, 4, 5, 6, 7, 8)}


def test_a_list_may_hold_sets(prices: Panel) -> None:
    X = features.panel(prices, ["liquidity", "ret_5"])
    assert X.names == (*features.names("liquidity"), "ret_5")
    with pytest.raises(ValueError, match="more than once"):
        features.panel(prices, ["liquidity", "amihud_5"])
    with pytest.raises(ValueError, match="Unknown feature or set `liquidty`"):
        features.panel(prices, ["liquidty"])
