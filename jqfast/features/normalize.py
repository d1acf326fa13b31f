"""Normalisation: per-date transforms as expressions, everything estimated as ``fit(train_rows) -> Fitted``.

Per-date norms need nothing but the date and run inside the plan: ``cs`` (z-score), ``cs33`` (z-score within
the 33 sectors), ``log`` (z-score of the log), ``rank`` (centred percentile). What is estimated comes from the
training rows of a fold and from nowhere else: quantile clips, the mean and deviation of ``ts`` inputs, the
mean that fills a gap. A missing value becomes the training mean, which is 0 after centring, and 1 in its own
``_isna`` input.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jqfast.features.checks import PER_DATE
from jqfast.features.expr import Expr
from jqfast.features.treatment import SECTORS as SECTORS
from jqfast.features.treatment import Treatment, treatment
from jqfast.types import AnyArray, BoolArray, Float32Array

#: `ts` inputs are held within this many training deviations, so that nothing is extrapolated (decision 13).
TS_RANGE = 3.0

#: Quantiles are taken of at most this many evenly spaced training values of a feature.
QUANTILE_ROWS = 50_000

#: Features that are copied out of the rows at a time: a cache line of float32.
COLUMNS = 16

#: Norms whose values have no natural bound and are clipped at fitted quantiles.
_CLIPPED = frozenset({"cs", "cs33", "log", "none"})


def per_date(expr: Expr, norm: str) -> Expr:
    """The expression with everything of a treatment appended that the date alone decides.

    Raises
    ------
    ValueError
        If the treatment is unknown, or per-date on a market-wide series.
    """
    return treatment(norm).per_date(expr)


@dataclass(frozen=True, eq=False)
class Fitted:
    """What one fold learnt from its training rows, per feature; arrays of shape (F,).

    ``apply`` computes ``(clip(x, lower, upper) - center) / scale``, then 0 where x is missing. A feature
    without a single training value has ``lower = upper = center = 0`` and is 0 everywhere.
    """

    center: Float32Array
    scale: Float32Array
    lower: Float32Array
    upper: Float32Array
    seen: BoolArray  # the feature was missing at least once in the training rows

    def apply(self, x: AnyArray) -> Float32Array:
        """Model inputs of some rows.

        Parameters
        ----------
        x : (S, F) float, NaN where missing

        Returns
        -------
        (S, 2F) float32: the F normalised values, then the F ``_isna`` flags; never NaN. The flag of a
        feature that was never missing in training stays 0, because its weights were never trained.
        """
        _check_rows(x, len(self.center))
        S, F = x.shape
        out = np.empty((S, 2 * F), dtype=np.float32)
        values, flags = out[:, :F], out[:, F:]
        np.clip(x, self.lower, self.upper, out=values)
        values -= self.center
        values /= self.scale
        missing = np.isnan(x)
        values[missing] = 0.0
        np.logical_and(missing, self.seen, out=flags, casting="unsafe")
        return out

    @staticmethod
    def input_names(names: Sequence[str]) -> list[str]:
        """Names of the 2F columns that ``apply`` returns."""
        return [*names, *(f"{name}_isna" for name in names)]

    def to_arrays(self) -> dict[str, AnyArray]:
        """Plain arrays for a checkpoint; the inverse of ``from_arrays``."""
        return {name: np.array(getattr(self, name)) for name in _FIELDS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray]) -> Fitted:
        """The object that ``to_arrays`` described.

        Raises
        ------
        ValueError
            If an array is missing.
        """
        lost = [name for name in _FIELDS if name not in arrays]
        if lost:
            raise ValueError(f"A fitted normaliser needs the arrays {', '.join(_FIELDS)}; missing: {lost}.")
        return cls(
            center=np.asarray(arrays["center"], dtype=np.float32),
            scale=np.asarray(arrays["scale"], dtype=np.float32),
            lower=np.asarray(arrays["lower"], dtype=np.float32),
            upper=np.asarray(arrays["upper"], dtype=np.float32),
            seen=np.asarray(arrays["seen"], dtype=np.bool_),
        )


_FIELDS = ("center", "scale", "lower", "upper", "seen")


def fit(x: AnyArray, norms: Sequence[str], *, clip_quantile: float | None = 0.001) -> Fitted:
    """Estimate clips, centres and scales from the training rows of one fold.

    Parameters
    ----------
    x : (S, F) float32, the training rows after their per-date transforms, NaN where missing
    norms : F treatments as text, such as ``"cs"`` or ``"log clip=0.02"``
    clip_quantile : share cut from each tail of `cs`, `cs33`, `log` and `none` features whose treatment does
        not say otherwise, in [0, 0.5); None for no clip

    Returns
    -------
    Fitted. `ts`: centre and scale are mean and deviation (ddof 1), clipped at +-3 deviations (``sigmas`` of
    the treatment). `cs`, `cs33`, `log`, `rank`: centre 0, scale 1, they have both already. `flag`, `unit`,
    `none`: centred on the training mean, not scaled.

    Raises
    ------
    ValueError
        If shapes or names do not fit, or ``clip_quantile`` is out of range.
    """
    _check_rows(x, len(norms))
    if clip_quantile is not None and not 0.0 <= clip_quantile < 0.5:
        raise ValueError(f"`clip_quantile` must be in [0, 0.5) or None; got {clip_quantile}.")
    return fit_columns((x[:, f : f + COLUMNS] for f in range(0, len(norms), COLUMNS)), norms, clip_quantile)


def fit_columns(
    blocks: Iterable[AnyArray], norms: Sequence[str], clip_quantile: float | None = 0.001
) -> Fitted:
    """:func:`fit` of rows that come in blocks (S, some) of their columns and are never in memory together."""
    table = np.empty((len(norms), 4), dtype=np.float64)
    seen = np.empty(len(norms), dtype=np.bool_)
    columns = (column for block in blocks for column in np.ascontiguousarray(block.T))
    for f, (column, norm) in enumerate(zip(columns, norms, strict=True)):
        finite = np.isfinite(column)
        known = column if finite.all() else column[finite]
        table[f] = _fit_one(known, treatment(norm), clip_quantile)
        seen[f] = len(known) < len(column) and np.isnan(column).any()
    center, scale, lower, upper = (np.ascontiguousarray(part, dtype=np.float32) for part in table.T)
    return Fitted(center, scale, lower, upper, seen)


def _fit_one(known: AnyArray, how: Treatment, default: float | None) -> tuple[float, float, float, float]:
    """(center, scale, lower, upper) of the finite values of one feature."""
    if not len(known):
        return 0.0, 1.0, 0.0, 0.0
    lower, upper = _bounds(known, how, default)
    if how.norm in PER_DATE:
        return 0.0, 1.0, lower, upper
    values = np.clip(known.astype(np.float64), lower, upper)
    center = float(values.mean())
    if how.norm != "ts":
        return center, 1.0, lower, upper
    scale = _deviation(values)
    reach = (how.sigmas or TS_RANGE) * scale
    # a series that never moved in training has no scale to speak of: it is held at its value
    return center, scale or 1.0, max(lower, center - reach), min(upper, center + reach)


def _bounds(known: AnyArray, how: Treatment, default: float | None) -> tuple[float, float]:
    """Where values are held: fitted quantiles, deviations from the mean, or nowhere."""
    if how.sigmas is not None and how.norm != "ts":
        values = known.astype(np.float64)
        mean, reach = float(values.mean()), how.sigmas * _deviation(values)
        return mean - reach, mean + reach
    usual = default if how.norm in _CLIPPED and how.tanh is None else None
    share = usual if how.clip is None else how.clip
    if share is None:
        return -np.inf, np.inf
    step = -(-len(known) // QUANTILE_ROWS)
    low, high = _quantiles(known[::step], (share, 1.0 - share))
    return float(low), float(high)


def _quantiles(values: AnyArray, shares: tuple[float, ...]) -> AnyArray:
    """``np.quantile`` of the values in float64; sorted as float32 they take a tenth of its time."""
    place = (len(values) - 1) * np.asarray(shares)
    below = place.astype(np.int64)
    above = np.minimum(below + 1, len(values) - 1)
    ordered = np.sort(values)
    low, high = ordered[below].astype(np.float64), ordered[above].astype(np.float64)
    return np.asarray(low + (high - low) * (place - below))


def _deviation(values: AnyArray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _check_rows(x: AnyArray, features: int) -> None:
    if x.ndim != 2 or x.shape[1] != features or x.dtype.kind != "f":
        raise ValueError(
            f"`x` must be a float array of shape (S, {features}), one column per feature; "
            f"got {x.shape} {x.dtype}."
        )
