"""Factor models: factors from files or sorts, regressions of thousands of series, tests, sectors, comparison.

``fit`` regresses every series on the factors of a model in one call; ``read_factors`` and ``build`` make the
factors, ``in_yen`` brings those in dollars to yen; ``grs`` and ``fama_macbeth`` test what they explain.
"""

from __future__ import annotations

from jqfast.factors.currency import in_yen, with_neighbours
from jqfast.factors.french import read_factors, read_industries
from jqfast.factors.from_panel import build
from jqfast.factors.models import Fit, fit
from jqfast.factors.pricing import FamaMacBeth, Grs, fama_macbeth, grs
from jqfast.factors.rolling import RollingFit, rolling_fit
from jqfast.factors.sectors import GROUP_OF, groups, sector_portfolios
from jqfast.factors.sorts import SortConfig
from jqfast.factors.table import MODELS, Factors, Portfolios

__all__ = [
    "GROUP_OF",
    "MODELS",
    "Factors",
    "FamaMacBeth",
    "Fit",
    "Grs",
    "Portfolios",
    "RollingFit",
    "SortConfig",
    "build",
    "fama_macbeth",
    "fit",
    "groups",
    "grs",
    "in_yen",
    "read_factors",
    "read_industries",
    "rolling_fit",
    "sector_portfolios",
    "with_neighbours",
]
