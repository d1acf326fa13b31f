"""Market and macro features on real prices, indices, currencies and yields, each joined by its own hours."""

from __future__ import annotations

from pathlib import Path

import catalog_support as support
import flow_catalog  # noqa: F401 - registers its oracles
import market_catalog  # noqa: F401 - registers its oracles
import numpy as np
import pyarrow.parquet as pq
import pytest
import section_oracles
import store_catalog

import jqfast.data as data
import jqfast.features as features
from jqfast.data.panel import Panel
from jqfast.features.declare import registry

INDICES = {
    "topix": ("TOPIX", "tokyo_close"),
    "spx": ("SPX", "new_york_close"),
    "nasdaq": ("NASDAQ", "new_york_close"),
    "vix": ("VIX", "vix_close"),
    "usdjpy": ("USDJPY", "fx_close"),
}
JGB = {f"jgb{years}": f"{years}Y" for years in (2, 5, 10, 20, 30)}
UST = {f"ust{years}": f"DGS{years}" for years in (2, 5, 10, 30)}
#: Yields of Japan end in July 2024, the oil price in January 2019.
ENDED = {"jgb": 0.5, "wti": 0.15}


@pytest.fixture(scope="module")
def panel(real_panel: Panel, real_data: Path) -> Panel:
    found = []
    table = pq.read_table(real_data / "index_fx_daily.parquet")
    for name, (symbol, release) in INDICES.items():
        columns = {"topix_open": "open", "topix_close": "close"} if name == "topix" else {name: "close"}
        found += data.read_external(table, columns, release=release, where={"symbol": symbol})
    for file, columns, release in (
        ("jgb_yields_daily", JGB, "jgb_yields"),
        ("us_treasury_yields_daily", UST, "treasury_yields"),
        ("wti_daily", {"wti": "wti_usd"}, "oil_spot"),
    ):
        found += data.read_external(real_data / f"{file}.parquet", columns, release=release)
    return data.attach(real_panel, found, max_days=10, age=False)


def test_features_equal_their_oracles_on_real_series(panel: Panel) -> None:
    families = ("market", "macro", "interaction", "nikko_market")
    names = [
        name
        for name in features.names("everything", panel.columns)
        if registry[name].family in families and not name.startswith("k_sector")
    ]
    assert len(names) >= 50
    some = {"topix_ret_5", "regime_bear", "us_corr_60", "crash_beta_252", "k_jgb10_1m", "us_2s10s"}
    assert some <= set(names)
    X = features.panel(panel, names, dtype="float64")
    tables, rows = store_catalog.Tables(panel), panel.is_session
    for name in names:
        want, scale = section_oracles.want(name, tables)
        try:
            result = support.compare(X[name][rows], want, scale=scale)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None
        least = next((share for part, share in ENDED.items() if part in name), 0.6)
        assert result.finite >= least * want.size, name
        assert result.worst <= 1.0, name


def test_known_days(panel: Panel) -> None:
    """Numbers of the newspapers: the yen before the crash of August 2024, TOPIX on its day."""
    day = int(np.flatnonzero(panel.dates == np.datetime64("2024-08-05"))[0])
    X = features.panel(panel, ["topix_ret_1", "spx_ret_1", "regime_high"], dtype="float64")
    assert X["topix_ret_1"][day, 0] == pytest.approx(-0.1223, abs=5e-4)
    # New York's session of Friday the 2nd, -1.8 %, not that of the 5th, which began after Tokyo's close.
    assert X["spx_ret_1"][day, 0] == pytest.approx(-0.0184, abs=5e-4)
    assert X["regime_high"][day, 0] == 1.0
