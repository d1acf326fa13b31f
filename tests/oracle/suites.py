"""Which oracle test compares which features; `test_suites.py` sees that none of the catalogue is left out."""

from __future__ import annotations

import jqfast.features as features
from jqfast.data.panel import PRICE_COLUMNS
from jqfast.features.declare import registry
from jqfast.features.sets import lacking


def _of(*families: str) -> tuple[str, ...]:
    return tuple(name for name, feature in registry.features.items() if feature.family in families)


#: Prices and volumes: `test_catalog_oracle`, on real prices and on simulated ones.
PRICES = features.names("everything", PRICE_COLUMNS)
#: Bars of half a day, which panels of prices do not have: with `SECTIONS`.
HALVES = tuple(name for name in _of("price") if lacking(registry[name], PRICE_COLUMNS))
#: Statements, events, balances: `test_store_catalog_oracle`; what is real of them, `test_store_catalog_real`.
STORE = _of("stock_factors", "supply", "fundamental", "event")
#: Flows, market, corporate actions, macro, dummies: `test_market_catalog_oracle`, `test_market_catalog_real`.
SECTIONS = _of("flow", "market", "corporate", "macro", "interaction", "nikko_market")
#: The published set: `test_alpha158_oracle`.
PUBLISHED = _of("alpha158")
