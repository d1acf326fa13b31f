"""What the report says about how far relevance may be trusted: numbers of `jqfast.trust`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from jqfast.types import FloatArray

NAN = float("nan")
Verdict = Literal["recovered", "not recovered", "control too", "small"]


@dataclass(frozen=True)
class TrustRow:
    """One group of inputs; correlations are by rank over the stocks of each date, NaN where nothing varies.

    Parameters
    ----------
    group : its name
    inputs : how many features it has
    share : of the mean absolute Shapley value, how much the model reads it
    lrp_model, gradient_model : LRP, and gradient x input, against the model's Shapley values
    control, control_error : LRP of models with shuffled weights against them, mean and its standard error
    seeds : LRP of two models that differ in their seed
    truth_share : share of the oracle's variance; NaN where no truth is known or the group has none
    lrp_truth, model_truth : LRP, and the Shapley values, against the truth
    verdict : whether LRP recovers what the model does with the group
    errors : column -> standard error over the stocks of the sample
    """

    group: str
    inputs: int
    share: float
    lrp_model: float
    gradient_model: float
    control: float
    control_error: float
    seeds: float
    truth_share: float
    lrp_truth: float
    model_truth: float
    verdict: Verdict
    errors: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Order:
    """What taking groups away in an order does: mean change (G + 1,), most positive first and most negative
    first; ``area`` between the two with its standard ``error``, ``area_zero`` with zeros for what is absent;
    standard errors (G + 1,) of the two curves, none where nobody measured them.
    """

    falling: FloatArray
    rising: FloatArray
    area: float
    error: float
    area_zero: float
    falling_error: FloatArray | None = None
    rising_error: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class TrustFacts:
    """How far LRP may be trusted for a model, from a sample of its forecasts.

    Parameters
    ----------
    rows : by falling share
    lrp, gradient, random : orders in which groups are taken away
    sensitivity : sizes of random sets of groups -> mean correlation of their relevance with what the forecast
        loses without them and its standard error
    samples, dates, folds : of the sample
    seed : the other seed; None where it was not trained
    members : models whose mean is the forecast; the first is measured
    """

    rows: Sequence[TrustRow]
    lrp: Order
    gradient: Order
    random: Order
    sensitivity: Sequence[tuple[int, float, float]]
    samples: int
    dates: Sequence[str]
    folds: Sequence[str]
    seed: int | None = None
    members: int = 1

    @property
    def ordered(self) -> bool:
        """Whether the order by relevance moves the forecast more than chance, by three standard errors."""
        return bool(self.lrp.error > 0 and self.lrp.area > 3.0 * self.lrp.error)

    def named(self, verdict: Verdict) -> list[str]:
        """Names of the groups with a verdict."""
        return [row.group for row in self.rows if row.verdict == verdict]


def order_of(data: dict[str, Any]) -> Order:
    """An order from its JSON object."""
    falling, rising = (np.array(data[name], dtype=np.float64) for name in ("falling", "rising"))
    area, error, zero = (_number(data[name]) for name in ("area", "error", "area_zero"))
    errors = (data.get(name) for name in ("falling_error", "rising_error"))
    read = (None if each is None else np.array(each, dtype=np.float64) for each in errors)
    return Order(falling, rising, area, error, zero, *read)


def trust_of(data: dict[str, Any]) -> TrustFacts:
    """The facts from their JSON object, as :func:`jqfast.runfolder.plain` made it; null is NaN."""
    given: dict[str, Any] = dict(data)
    known = [{key: NAN if item is None else item for key, item in row.items()} for row in data["rows"]]
    given["rows"] = [_row_of(row) for row in known]
    given |= {name: order_of(data[name]) for name in ("lrp", "gradient", "random")}
    given["sensitivity"] = [(int(n), *map(_number, (*found, None)[:2])) for n, *found in data["sensitivity"]]
    return TrustFacts(**given)


def _row_of(data: dict[str, Any]) -> TrustRow:
    errors = {name: _number(x) for name, x in data.get("errors", {}).items()}
    return TrustRow(**{**data, "errors": errors})


def _number(item: float | None) -> float:
    return NAN if item is None else float(item)
