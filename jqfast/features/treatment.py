"""How a feature becomes a model input: its norm, and what keeps outliers at bay.

It can be said as text, so that it travels with arrays and files: the norm, then options in any order, as in
``"cs"``, ``"log clip=0.02"``, ``"ts cap=60 sigmas=4"``, ``"cs33 tanh=3"``. What needs the date alone (cap,
norm, tanh) becomes part of the formula; what is estimated (clip, sigmas) is fitted in a fold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from jqfast.errors import unknown
from jqfast.features.checks import NORMS, PER_DATE
from jqfast.features.expr import Expr
from jqfast.features.groups import SECTORS as SECTORS
from jqfast.features.groups import in_sector
from jqfast.features.ops import cs_centred_rank, cs_zscore, log, minimum, tanh

#: Norms whose values have a standard deviation near 1, so that a shrink has a meaning.
_STANDARD = frozenset({"cs", "cs33", "log"})
_UNCLIPPED = frozenset({"flag", "unit", "rank"})


@dataclass(frozen=True)
class Treatment:
    """The way from a feature to a model input.

    Parameters
    ----------
    norm : see `jqfast.features.checks.NORMS`
    clip : share of the training rows cut from each tail, in [0, 0.5); None for the default of the fit
    sigmas : standard deviations of the training rows from their mean beyond which values are held
    tanh : c of a shrink c tanh(z / c) of the per-date z-score: large values count, but less
    cap : a bound from above known beforehand, in the unit of the feature: a shock without precedent (a
        volatility index in March 2020) is no reason to stretch the scale

    Raises
    ------
    ValueError
        If the norm is unknown, or an option is out of range or has no meaning for the norm.
    """

    norm: str
    clip: float | None = None
    sigmas: float | None = None
    tanh: float | None = None
    cap: float | None = None

    def __post_init__(self) -> None:
        if self.norm not in NORMS:
            raise unknown("norm", self.norm, NORMS)
        _check_range(self)
        if self.tanh is not None and self.norm not in _STANDARD:
            raise ValueError(
                f"`tanh` shrinks a per-date z-score ({', '.join(sorted(_STANDARD))}); norm={self.norm!r} has "
                "none."
            )
        if (self.clip is not None or self.sigmas is not None) and self.norm in _UNCLIPPED:
            raise ValueError(
                f"`clip` and `sigmas` are for values without a bound; norm={self.norm!r} has one."
            )
        if self.clip is not None and self.sigmas is not None:
            raise ValueError("`clip` and `sigmas` are two ways to clip; give one of them.")

    def __str__(self) -> str:
        options = [f"{name}={getattr(self, name):g}" for name in _OPTIONS if getattr(self, name) is not None]
        return " ".join([self.norm, *options])

    def per_date(self, expr: Expr) -> Expr:
        """The expression with everything appended that the date alone decides."""
        capped = expr if self.cap is None else minimum(expr, self.cap)
        if self.norm == "log":
            capped = log(capped)  # log of zero or less is not finite, and only finite values count
        if self.norm == "rank":
            return cs_centred_rank(capped)
        if self.norm not in PER_DATE:
            return capped
        z = in_sector(cs_zscore, capped) if self.norm == "cs33" else cs_zscore(capped)
        return z if self.tanh is None else self.tanh * tanh(z / self.tanh)


_OPTIONS = tuple(each.name for each in fields(Treatment) if each.name != "norm")


def treatment(text: str) -> Treatment:
    """The treatment that a text describes; the inverse of ``str``.

    Raises
    ------
    ValueError
        If a word is no norm or no option, or a value no number.
    """
    norm, *options = text.split() or [""]
    given: dict[str, float] = {}
    for option in options:
        name, _, value = option.partition("=")
        if name not in _OPTIONS:
            raise unknown("option of a norm", name, _OPTIONS)
        given[name] = _number(name, value)
    return Treatment(norm, **given)


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"`{name}` must be a number; got {value!r}.") from None


def _check_range(given: Treatment) -> None:
    if given.clip is not None and not 0.0 <= given.clip < 0.5:
        raise ValueError(f"`clip` must be in [0, 0.5); got {given.clip:g}.")
    for name in ("sigmas", "tanh"):
        value = getattr(given, name)
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise ValueError(f"`{name}` must be a positive number; got {value:g}.")
    if given.cap is not None and not math.isfinite(given.cap):
        raise ValueError(f"`cap` must be a finite number; got {given.cap:g}.")
