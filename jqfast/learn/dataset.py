"""Samples without copies: features stay one (T x N, F) array, a batch is a gather by sample number.

Sample s = t * N + n is stock n on row t. Windows of sequences are never materialised: a sequence of L
sessions is gathered inside the compiled step through a (T, L) table of rows. Normalisation also happens
there, on the batch alone:

    clip to [lower, upper] -> (x - center) / scale -> missing becomes 0, and 1 in its `_isna` twin where
    training saw any

A feature that is never missing where a fold trains needs no twin: the network is trained without that input,
whose weights could never matter, and files have zeros for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jqfast.errors import DataGapError
from jqfast.features.normalize import COLUMNS
from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.labels import Targets
from jqfast.types import AnyArray, BoolArray, CodeArray, DateArray, Float32Array, IntArray

if TYPE_CHECKING:
    from jqfast.features import FeaturePanel

#: Rows looked at together when coverage is counted; bounds the memory of the masks.
_CHUNK = 64


@dataclass(frozen=True, eq=False)
class Dataset:
    """Features and targets of a panel as samples.

    ``samples`` (T*N, F) float32 and ``targets`` (T*N, O) float32 with NaN for missing. ``usable`` (T, N)
    bool marks members of the universe with at least one known feature, ``trainable`` those that also have a
    known target.
    """

    names: tuple[str, ...]
    norms: tuple[str, ...]
    dates: DateArray
    codes: CodeArray
    horizons: tuple[int, ...]
    samples: Float32Array
    targets: Float32Array
    usable: BoolArray
    trainable: BoolArray
    is_session: BoolArray

    @property
    def stocks(self) -> int:
        """N."""
        return len(self.codes)

    def index(self, rows: IntArray, *, train: bool = False) -> IntArray:
        """Sample numbers of the usable (or trainable) stocks on ``rows``, ascending."""
        position, stock = np.nonzero((self.trainable if train else self.usable)[rows])
        return rows[position] * self.stocks + stock


class Source(NamedTuple):
    """A dataset on the device, shared by all folds."""

    inputs: jax.Array  # (T*N, F) float32
    targets: jax.Array  # (T*N, O) float32
    history: jax.Array  # (T, max(L, 1)) int32 rows of the sequence that ends at each row, -1 before the start
    flagged: jax.Array  # (M,) int32 features that have a flag


class Scaler(NamedTuple):
    """A fold's fitted normalisation on the device, each (F,) float32."""

    center: jax.Array
    scale: jax.Array
    lower: jax.Array
    upper: jax.Array
    seen: jax.Array


def make_dataset(X: FeaturePanel, targets: Targets) -> Dataset:
    """The samples of a feature panel (sample layout, else one copy is made) and its targets.

    Raises
    ------
    ValueError
        When features and targets do not have the same sessions and stocks.
    """
    T, N = len(X.dates), len(X.codes)
    if targets.values.shape[1:] != (T, N):
        raise ValueError(
            f"`targets` must cover the same sessions and stocks as the features, {(T, N)}; "
            f"got {targets.values.shape[1:]}."
        )
    samples = np.ascontiguousarray(X.samples, dtype=np.float32)
    wanted = np.ascontiguousarray(targets.values.transpose(1, 2, 0), dtype=np.float32).reshape(T * N, -1)
    usable = targets.universe & _any_known(samples, T, N)
    return Dataset(
        names=tuple(X.names),
        norms=tuple(X.norms[name] for name in X.names),
        dates=X.dates,
        codes=X.codes,
        horizons=targets.horizons,
        samples=samples,
        targets=wanted,
        usable=usable,
        trainable=usable & np.isfinite(targets.values).any(axis=0),
        is_session=targets.is_session,
    )


def to_device(
    data: Dataset, length: int, flagged: IntArray, sharding: jax.sharding.Sharding | None = None
) -> Source:
    """The dataset on the device with the row table of sequences of ``length`` sessions (0: single rows).

    On a CPU an array that begins on a cache line, as large results of the engine do, is the same memory and
    not a second copy.
    """
    history = sequence_rows(data.is_session, max(length, 1))
    return Source(*jax.device_put((data.samples, data.targets, history, flagged.astype(np.int32)), sharding))


def sequence_rows(is_session: BoolArray, length: int) -> AnyArray:
    """(T, length) int32, the last ``length`` session rows up to each row, oldest first, -1 for none."""
    rows = np.flatnonzero(is_session)
    upto = np.cumsum(is_session)[:, None] - length + np.arange(length)[None, :]
    known = rows[np.maximum(upto, 0)] if len(rows) else np.zeros_like(upto)
    return np.where(upto >= 0, known, -1).astype(np.int32)


def gather(source: Source, index: jax.Array, length: int) -> jax.Array:
    """Inputs (B, F), or (B, L, F) for sequences, of the samples ``index`` (B,) int32; -1 reads sample 0."""
    index = jnp.maximum(index, 0)
    if length == 0:
        return source.inputs[index]
    N = source.inputs.shape[0] // source.history.shape[0]
    rows = source.history[index // N]
    x = source.inputs[jnp.maximum(rows, 0) * N + (index % N)[:, None]]
    return jnp.where((rows >= 0)[:, :, None], x, jnp.float32(jnp.nan))


def transform(x: jax.Array, scaler: Scaler, flagged: jax.Array) -> jax.Array:
    """Model inputs (..., F + M) of raw inputs (..., F): normalised values, then flags of the ``flagged``."""
    wide = [part.reshape((1,) * (x.ndim - 1) + part.shape) for part in scaler]
    center, scale, lower, upper, seen = wide
    missing = jnp.isnan(x)
    value = (jnp.clip(x, lower, upper) - center) / scale
    value = jnp.where(missing, jnp.float32(0.0), value)
    if not flagged.shape[0]:
        return value
    flags = jnp.where(missing[..., flagged], seen[..., flagged], jnp.float32(0.0))
    return jnp.concatenate([value, flags], axis=-1)


def count_steps(index: IntArray, *, batch: int, stocks: int = 0) -> int:
    """Steps of an epoch over the samples; with ``stocks`` each batch holds samples of one date alone."""
    if not stocks:
        return -(-len(index) // batch)
    members = np.unique(index // stocks, return_counts=True)[1]
    return int((-(-members // batch)).sum())


def batches(
    index: IntArray, *, batch: int, steps: int, rng: np.random.Generator, stocks: int = 0
) -> AnyArray:
    """One shuffled epoch: (steps, batch) int32 sample numbers, then -1; no sample is dropped.

    With ``stocks`` every batch is of one date: a date is cut into batches of equal size, give or take one,
    and the batches of all dates come in random order.
    """
    padded = np.full(steps * batch, -1, dtype=np.int32)
    shuffled = rng.permutation(index)
    if not stocks:
        padded[: len(index)] = shuffled
        return padded.reshape(steps, batch)
    shuffled = shuffled[np.argsort(shuffled // stocks, kind="stable")]
    starts, members = np.unique(shuffled // stocks, return_index=True, return_counts=True)[1:]
    parts = -(-members // batch)
    date = np.repeat(np.arange(len(members)), members)
    place = np.arange(len(index)) - starts[date]
    part = place * parts[date] // members[date]
    first = -(-part * members[date] // parts[date])  # place of the first sample of the part
    order = rng.permutation(int(parts.sum()))
    step = order[(np.cumsum(parts) - parts)[date] + part]
    padded[step * batch + place - first] = shuffled
    return padded.reshape(steps, batch)


def blocks(index: IntArray, size: int) -> Iterator[AnyArray]:
    """The sample numbers in blocks of ``size``, the last one padded with -1."""
    for start in range(0, len(index), size):
        block = np.full(size, -1, dtype=np.int32)
        part = index[start : start + size]
        block[: len(part)] = part
        yield block


def sample_values(data: Dataset, index: IntArray) -> Float32Array:
    """(S, F) features of samples, for fitting.

    Raises
    ------
    DataGapError
        When there is no sample.
    """
    if not len(index):
        raise DataGapError(
            "A fold has no training sample: no stock of the universe has features and labels there."
        )
    return data.samples[index]


def column_blocks(data: Dataset, index: IntArray) -> Iterator[Float32Array]:
    """The (S, F) of :func:`sample_values` a few columns at a time: all of them would be a second panel.

    Raises
    ------
    DataGapError
        When there is no sample.
    """
    sample_values(data, index[:1])
    for start in range(0, len(data.names), COLUMNS):
        yield data.samples[:, start : start + COLUMNS][index]


def known_share(x: Float32Array) -> AnyArray:
    """(F,) share of the samples x (S, F) in which each input is known."""
    return np.asarray(np.isfinite(x).mean(axis=0))


def low_coverage(share: AnyArray, names: Sequence[str], threshold: float) -> tuple[str, ...]:
    """Names of the inputs that are known in a smaller ``share`` (F,) than ``threshold`` (decision 12)."""
    return tuple(name for name, known in zip(names, share, strict=True) if known < threshold)


def flagged_features(data: Dataset, rows: IntArray) -> IntArray:
    """Features that are missing in some training sample of ``rows``; the others need no flag."""
    gaps = np.zeros(len(data.names), dtype=np.bool_)
    for start in range(0, len(rows), _CHUNK):
        x = data.samples[data.index(rows[start : start + _CHUNK], train=True)]
        gaps |= np.isnan(x).any(axis=0)
    return np.flatnonzero(gaps)


def _any_known(samples: Float32Array, T: int, N: int) -> BoolArray:
    """(T, N) bool, whether a sample has at least one known feature; chunked to bound memory."""
    known = np.zeros(T * N, dtype=np.bool_)
    step = max(_CHUNK * N, 1)
    for start in range(0, T * N, step):
        known[start : start + step] = np.isfinite(samples[start : start + step]).any(axis=1)
    return known.reshape(T, N)
