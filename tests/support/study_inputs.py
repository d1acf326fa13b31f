"""A made-up judgement in detail for the tests of its section and for looking at it."""

from __future__ import annotations

import numpy as np

from jqfast.evaluate.alphas import Alpha
from jqfast.evaluate.breakdowns import Estimate, Part
from jqfast.evaluate.capacity import CapacityPoint
from jqfast.evaluate.inference import Interval
from jqfast.evaluate.intervals import performance_intervals
from jqfast.evaluate.monotonic import Monotonic
from jqfast.evaluate.overfitting import overfitting
from jqfast.evaluate.resample import draw
from jqfast.evaluate.stats import performance
from jqfast.evaluate.study import Book, Study, Variant
from jqfast.report.evaluation_inputs import EvaluationFacts
from jqfast.report.sector_names import SECTOR33


def part(name: str, mean: float, width: float = 0.012, dates: int = 900) -> Part:
    ends = (mean - width, mean + width)
    found = Estimate(mean, mean / width * 2, mean / 0.11, *ends, ends[0] / 0.11, ends[1] / 0.11)
    return Part(name, dates, 84.0, 0.5 + mean, found, found, 0.445 + mean, 0.555 + mean)


def study() -> Study:
    """Of 33 sectors, nine years and all other parts."""
    rng = np.random.default_rng(0)
    drift = 0.02 + 0.015 * rng.standard_normal(60)
    steps = zip(("0", "1", "2", "3", "5", "10", "20"), 0.03 * 0.7 ** np.arange(7), strict=True)
    parts = {
        "sector": tuple(part(code, drift[k], 0.02) for k, code in enumerate(SECTOR33) if code != "9999"),
        "size": tuple(part(name, 0.035 - 0.01 * k) for k, name in enumerate(("small", "medium", "large"))),
        "volatility": (part("calm", 0.031), part("turbulent", 0.012)),
        "trend": (part("falling", 0.022), part("rising", 0.028)),
        "year": tuple(part(str(2017 + k), drift[40 + k], 0.03, 245) for k in range(9)),
        "decay": tuple(part(name, mean, 0.008) for name, mean in steps),
        "horizon": tuple(part(str(h), 0.018 + 0.003 * k, 0.008) for k, h in enumerate((1, 5, 10, 20))),
    }
    none = float("nan")
    book = Book(0.051, 1.2, 0.4, 1.9, -0.12, none, none, (-0.02, 0.13), (-0.3, -0.08))
    only = Book(0.123, 0.7, -0.1, 1.4, -0.31, 0.034, 2.1, (-0.03, 0.31))
    names = ("configured", "rank", "inverse_volatility", "sector_neutral", "one_tranche", "monthly")
    variants = tuple(
        Variant(name, book, only, 0.11 - 0.01 * k, 0.05 - 0.004 * k) for k, name in enumerate(names)
    )
    capitals = (1e7, 1e8, 3e8, 1e9, 3e9, 1e10, 3e10, 1e11)
    points = tuple(
        CapacityPoint(
            c, 0.1 - 0.006 * k, 0.07 - 0.016 * k, 1.6 - 0.35 * k, 0.9 - 0.35 * k, 2.3 - 0.35 * k,
            0.03 + 0.01 * k, 0.001 * 2**k, 0.004 * k**2, 0.04 - 0.016 * k, 0.1 - 0.016 * k,
            0.07 - 0.006 * k, 0.13 - 0.006 * k,
        )
        for k, c in enumerate(capitals)
    )  # fmt: skip
    betas = {"Mkt-RF": (0.97, 88.1), "SMB": (0.41, 12.3), "HML": (-0.05, -1.4)}
    alphas = tuple(
        Alpha(
            leg, model, 0.031, 0.012, 2.6, 0.01, 0.007, 0.055, dict(list(betas.items())[:k]), 0.93, 900, "nw"
        )
        for leg in ("long_net", "long_short_gross", "long_short_net")
        for model, k in (("CAPM", 1), ("FF3", 3))
    )
    returns = 0.0004 + 0.006 * rng.standard_normal(900)
    drawn = performance_intervals(
        returns, performance(returns, periods_per_year=252), draw(900, block=20, draws=100)
    )
    legs = ("long_short_net", "long_short_gross", "long_net", "benchmark")
    intervals: dict[str, dict[str, Interval]] = {leg: dict(drawn) for leg in legs}
    notes = ("Factors built from prices.parquet: price returns.",)
    return Study(
        5,
        parts,
        {"sector": "sector33", "size": "market value"},
        variants,
        points,
        2.3e9,
        alphas,
        notes,
        intervals,
    )


def evaluation_facts() -> EvaluationFacts:
    """With a study, tests of four horizons and twelve trials."""
    rng = np.random.default_rng(1)
    figures = performance(0.0004 + 0.006 * rng.standard_normal(900), periods_per_year=252)
    ends = (0.71, 0.99, -0.0001, 0.0005)
    tests = {
        h: Monotonic(0.0002, 0.03 * k, 0.0004, 3.1, 0.95, 900, "", *ends)
        for k, h in enumerate((1, 5, 10, 20))
    }
    legs = ("long_short_net", "long_short_gross", "long_net", "benchmark")
    found = overfitting(0.02 * rng.standard_normal((96, 12)))
    return EvaluationFacts(study(), tests, dict.fromkeys(legs, figures), found, 0.91, 12)
