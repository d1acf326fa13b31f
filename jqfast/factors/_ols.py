"""Least squares of thousands of series on the same regressors, with missing values per series.

1. The regressors are made orthonormal once (X = QR), so that the normal equations lose no digits.
2. Series go through in blocks that stay in cache. Their moments are matrix products: with u_t = e_t e_{t-l}
   and the K (K+1) / 2 products z_t of regressors, every sum over time of u_t z_t is one Z'U.
3. What comes out is turned back by R.

Time is cut into chunks so short that a product of one is too small for the BLAS to spread over its own
threads: blocks go over ours, and two kinds of threads on the same processors would wait for each other.

A missing value counts as nothing where it stands; the values around it do not become neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from jqfast._core import build_info
from jqfast.errors import unknown
from jqfast.types import AnyArray, BoolArray, FloatArray, IntArray

Errors = Literal["classical", "white", "newey-west"]
ERRORS = ("classical", "white", "newey-west")

#: Series of one block: T x 64 doubles of a long history still fit into a second-level cache.
_BLOCK = 64
#: Multiplications up to which OpenBLAS keeps a matrix product on the thread that asks for it.
_ON_ONE_THREAD = 1 << 18
#: Below this share of the largest eigenvalue a series does not tell its regressors apart.
_SINGULAR = 1e-11


class Moments(NamedTuple):
    """What one block of B series gives."""

    coefficients: FloatArray  # (B, K)
    covariance: FloatArray  # (B, K, K)
    n: IntArray  # (B,)
    rss: FloatArray  # (B,)
    tss: FloatArray  # (B,) about the mean


@dataclass(frozen=True, eq=False)
class Design:
    """Regressors ready for any number of series.

    ``q`` (C, L, K) orthonormal over the known rows and 0 in the others, C chunks of L rows of which the last
    is filled up; ``r`` (K, K); ``known`` (T,) bool.
    """

    q: FloatArray
    r: FloatArray
    known: BoolArray
    pairs: tuple[IntArray, IntArray]

    @property
    def columns(self) -> int:
        """Number of regressors, the constant included."""
        return int(self.q.shape[2])

    def dot(self, left: FloatArray, series: FloatArray) -> FloatArray:
        """(n, B) sums over time of n rows ``left`` (C, L, n) times ``series`` (C L, B)."""
        parts = left.transpose(0, 2, 1) @ self.chunked(series)
        return np.asarray(parts.sum(axis=0))

    def chunked(self, series: FloatArray) -> FloatArray:
        """(C, L, B) of (C L, B), a view."""
        return series.reshape(*self.q.shape[:2], -1)


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
    q, r = np.linalg.qr(rows / np.where(scale > 0, scale, 1.0))
    dependent = np.flatnonzero(np.abs(np.diag(r)) < 1e-10)
    if len(dependent):
        listed = ", ".join(f"`{names[k]}`" for k in dependent)
        raise ValueError(
            f"`factors` are singular: {listed} is a combination of the others in "
            f"{', '.join(names)}. Leave it out."
        )
    T, K = x.shape
    length = min(max(_ON_ONE_THREAD // (K * (K + 1) // 2 * _BLOCK), 16), T)
    full = np.zeros((-(-T // length) * length, K))
    full[:T][known] = q
    return Design(full.reshape(-1, length, K), r * scale, known, np.triu_indices(K))


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
    Moments of N series; coefficients and covariance are NaN where a series does not tell the regressors
    apart.
    """
    if errors not in ERRORS:
        raise unknown("kind of errors", str(errors), ERRORS)
    N = y.shape[1]
    most = _lags(np.array([len(y)]), lags)[0] if errors == "newey-west" else 0
    products = [_products(design, lag) for lag in range(min(int(most), len(y) - 1) + 1)]

    def work(part: slice) -> Moments:
        some = np.asarray(y[:, part], dtype=np.float64)
        return _block(some, design, products, (errors, lags, small_sample))

    parts = list(_parts(N))
    if len(parts) < 2 or threads == 1:
        blocks = [work(part) for part in parts]
    else:
        with ThreadPoolExecutor(threads or int(build_info()["threads"]), thread_name_prefix="ols") as pool:
            blocks = list(pool.map(work, parts))
    return Moments(*(np.concatenate(column) for column in zip(*blocks, strict=True)))


def _parts(N: int) -> Iterator[slice]:
    yield from (slice(start, min(start + _BLOCK, N)) for start in range(0, max(N, 1), _BLOCK))


def _products(design: Design, lag: int) -> FloatArray:
    """(C, L, K (K+1) / 2): q_t q_{t-lag}' + q_{t-lag} q_t', upper half; without lag q_t q_t'."""
    i, j = design.pairs
    q = design.q.reshape(-1, design.columns)
    then = _delayed(q, lag)
    product = q[:, i] * q[:, j] if lag == 0 else q[:, i] * then[:, j] + then[:, i] * q[:, j]
    return design.chunked(product)


def _delayed(values: FloatArray, lag: int) -> FloatArray:
    """Rows moved down by ``lag``, 0 above."""
    out = np.zeros_like(values)
    out[lag:] = values[: len(values) - lag]
    return out


def _block(
    y: FloatArray, design: Design, products: list[FloatArray], how: tuple[Errors, int | None, bool]
) -> Moments:
    errors, lags, small_sample = how
    T, B = y.shape
    present = np.zeros((design.q.shape[0] * design.q.shape[1], B), np.bool_)
    present[:T] = np.isfinite(y) & design.known[:, None]
    filled = np.zeros(present.shape)
    filled[:T] = np.where(present[:T], y, 0.0)
    n = present.sum(axis=0)
    inverse = _inverse(_square(design.dot(products[0], present.astype(np.float64)), design), n)
    b = _times(inverse, design.dot(design.q, filled))
    e = _residuals(filled, present, b, design)
    b = b + _times(inverse, design.dot(design.q, e))  # refined once: what rounding left of it
    e = _residuals(filled, present, b, design)
    rss = np.einsum("tn,tn->n", e, e)
    about_mean = np.where(present, filled - filled.sum(axis=0) / np.maximum(n, 1), 0.0)
    tss = np.einsum("tn,tn->n", about_mean, about_mean)
    df = np.maximum(n - design.columns, 1)
    if errors == "classical":
        covariance = inverse * (rss / df)[:, None, None]
    else:
        meat = _meat(e, design, products, _lags(n, lags) if errors == "newey-west" else np.zeros_like(n))
        covariance = inverse @ _square(meat, design) @ inverse
        if small_sample:
            covariance = covariance * (n / df)[:, None, None]
    back = np.linalg.inv(design.r)
    return Moments(b @ back.T, back @ covariance @ back.T, n, rss, tss)


def _residuals(y: FloatArray, present: BoolArray, b: FloatArray, design: Design) -> FloatArray:
    """(C L, B) of coefficients (B, K), 0 where a value is missing."""
    return np.where(present, y - (design.q @ b.T).reshape(y.shape), 0.0)


def _meat(e: FloatArray, design: Design, products: list[FloatArray], lags: IntArray) -> FloatArray:
    """(K (K+1) / 2, B) long-run covariance of e_t q_t, Bartlett weights 1 - l / (L + 1)."""
    u = e * e
    total = design.dot(products[0], u)
    for lag in range(1, min(int(lags.max(initial=0)), len(products) - 1) + 1):
        weight = np.maximum(1.0 - lag / (lags + 1.0), 0.0)
        np.multiply(e[lag:], e[:-lag], out=u[lag:])  # one buffer for all: new ones cost as much as the sums
        u[:lag] = 0.0
        total += weight * design.dot(products[lag], u)
    return total


def _lags(n: IntArray, lags: int | None) -> IntArray:
    """Lags of each series: those given, or the rule of Newey and West (1994)."""
    if lags is not None:
        return np.full(len(n), lags, np.int64)
    return np.floor(4.0 * (n / 100.0) ** (2.0 / 9.0)).astype(np.int64)


def _square(packed: FloatArray, design: Design) -> FloatArray:
    """(B, K, K) symmetric matrices of their packed upper halves (K (K+1) / 2, B)."""
    i, j = design.pairs
    out = np.empty((packed.shape[1], design.columns, design.columns))
    out[:, i, j] = out[:, j, i] = packed.T
    return out


def _inverse(gram: FloatArray, n: IntArray) -> FloatArray:
    """Inverses (B, K, K) of symmetric matrices, NaN where singular or with fewer values than columns."""
    values, vectors = np.linalg.eigh(gram)
    good = (values[:, 0] > _SINGULAR * values[:, -1]) & (n > gram.shape[1])
    with np.errstate(divide="ignore"):
        scaled = vectors / np.where(good[:, None], values, np.nan)[:, None, :]
    inverse: FloatArray = scaled @ vectors.transpose(0, 2, 1)
    return inverse


def _times(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    """(B, K): each matrix (B, K, K) times its column of ``vectors`` (K, B)."""
    out: FloatArray = np.einsum("bij,jb->bi", matrices, vectors)
    return out
