"""Least squares of thousands of series on the same regressors, with missing values per series.

1. The regressors are made orthonormal once (X = QR), so that the normal equations lose no digits.
2. The core regresses all series on Q, a lane each, and turns what comes out back by R.

A missing value counts as nothing where it stands; the values around it do not become neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from jqfast import _core
from jqfast.errors import unknown
from jqfast.types import AnyArray, BoolArray, FloatArray, IntArray

Errors = Literal["classical", "white", "newey-west"]
ERRORS = ("classical", "white", "newey-west")


class Moments(NamedTuple):
    """What N series give; no residuals where a series does not tell its regressors apart."""

    coefficients: FloatArray  # (N, K)
    covariance: FloatArray  # (N, K, K)
    n: IntArray  # (N,)
    rss: FloatArray  # (N,)
    tss: FloatArray  # (N,) about the mean


@dataclass(frozen=True, eq=False)
class Design:
    """Regressors ready for any number of series.

    ``q`` (T, K) orthonormal over the known rows and 0 in the others, ``back`` (K, K) what turns coefficients
    of q into those of the regressors, ``known`` (T,) bool.
    """

    q: FloatArray
    back: FloatArray
    known: BoolArray


def make_design(x: FloatArray, names: tuple[str, ...]) -> Design:
    """The regressors ``x`` (T, K), the constant among them; a row with a missing value does not count.

    Raises
    ------
    ValueError
        If a regressor is a combination of the others.
    """
    known = np.asarray(np.isfinite(x).all(axis=1))
    rows = x[known]
    if len(rows) <= x.shape[1]:
        raise ValueError(
            f"`factors` must have more dates with all values than regressors; got {len(rows)} dates for "
            f"{x.shape[1]} regressors."
        )
    scale = np.sqrt((rows**2).sum(axis=0))
    q, r = _orthonormal(rows / np.where(scale > 0, scale, 1.0))
    dependent = np.flatnonzero(np.abs(np.diag(r)) < 1e-10)
    if len(dependent):
        listed = ", ".join(f"`{names[k]}`" for k in dependent)
        raise ValueError(
            f"`factors` are singular: {listed} is a combination of the others in "
            f"{', '.join(names)}. Leave it out."
        )
    full = np.zeros(x.shape)
    full[known] = q
    return Design(full, np.linalg.inv(r * scale), known)


def _orthonormal(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """x (T, K) = q r by Gram and Schmidt, each column twice, after which it is orthogonal to rounding.

    Without the BLAS, whose threads go on spinning beside ours for as long as the regressions take.
    """
    q, r = x.copy(), np.zeros((x.shape[1], x.shape[1]))
    for k in range(x.shape[1]):
        before, column = q[:, :k], q[:, k]
        for _ in range(2):
            along = np.einsum("tk,t->k", before, column)
            column -= np.einsum("tk,k->t", before, along)
            r[:k, k] += along
        r[k, k] = np.sqrt(np.einsum("t,t->", column, column))
        column /= r[k, k] if r[k, k] > 0 else 1.0
    return q, r


def least_squares(
    y: AnyArray, design: Design, *, errors: Errors, lags: int | None, small_sample: bool, threads: int = 0
) -> Moments:
    """Regress every column of ``y`` (T, N) on the design.

    Parameters
    ----------
    errors : kind of covariance
    lags : Bartlett lags of ``"newey-west"``; None: floor(4 (n / 100)^(2/9)) with the n of each series
    small_sample : multiply robust covariances by n / (n - K)
    threads : 0 for all processors

    Returns
    -------
    Moments of N series, the same bits for any number of threads; coefficients, covariance and rss are NaN
    where a series does not tell the regressors apart.
    """
    if errors not in ERRORS:
        raise unknown("kind of errors", str(errors), ERRORS)
    T, N, K = *y.shape, design.q.shape[1]
    found = Moments(np.empty((N, K)), np.empty((N, K, K)), np.empty(N, np.int64), np.empty(N), np.empty(N))
    _core.least_squares(
        np.asarray(y, dtype=np.float64),
        design.q,
        design.known,
        design.back,
        None if errors == "classical" else _lags(T, lags if errors == "newey-west" else 0),
        small_sample=small_sample,
        threads=threads or int(_core.build_info()["threads"]),
        **found._asdict(),
    )
    return found


def _lags(most: int, lags: int | None) -> IntArray:
    """(most + 1,) lags by number of values: those given, or the rule of Newey and West (1994)."""
    if lags is not None:
        return np.full(most + 1, lags, np.int64)
    return np.floor(4.0 * (np.arange(most + 1) / 100.0) ** (2.0 / 9.0)).astype(np.int64)
