"""Factor models: factors from files or sorts, regressions of thousands of series, tests, sectors, comparison.

``fit`` regresses every series on the factors of a model in one call; ``read_french`` and ``build`` make the
factors, ``in_yen`` brings those in dollars to yen; ``grs`` and ``fama_macbeth`` test what they explain.
"""

from __future__ import annotations

from jqfast.factors.models import Fit, fit
from jqfast.factors.pricing import FamaMacBeth, Grs, fama_macbeth, grs
from jqfast.factors.rolling import RollingFit, rolling_fit
from jqfast.factors.table import MODELS, Factors

__all__ = [
    "MODELS",
    "Factors",
    "FamaMacBeth",
    "Fit",
    "Grs",
    "RollingFit",
    "fama_macbeth",
    "fit",
    "grs",
    "rolling_fit",
]
