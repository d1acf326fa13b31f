"""Which inputs to keep, and fewer inputs instead: everything is decided on the training rows of one fold.

Goes in: (S, F) model inputs of training rows in the order of time, as `training_inputs` takes them from a
fold: normalised by themselves, without missing values. Comes out: a `Selection` or a
`Projection`, frozen, applied to other rows unchanged. Nothing here sees a row that is not trained on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jqfast.features.normalize import fit
from jqfast.types import AnyArray, BoolArray, FloatArray

if TYPE_CHECKING:
    from jqfast.learn.dataset import Dataset
    from jqfast.learn.folds import Fold

#: Share of the training rows, the latest ones, on which a penalty is chosen.
VALIDATION_SHARE = 0.2

#: Rounds of coordinate descent after which it is left as it is.
_ROUNDS = 1000

#: Rows whose products are added at once; bounds the memory of float64 copies.
_CHUNK = 1 << 16


@dataclass(frozen=True, eq=False)
class Selection:
    """Inputs to keep.

    Parameters
    ----------
    names : (F,) all inputs
    kept : (F,) bool
    scores : (F,) what the choice went by; its meaning is the method's
    why : name of a dropped input -> the reason
    """

    names: tuple[str, ...]
    kept: BoolArray
    scores: FloatArray
    why: Mapping[str, str]

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the inputs that stay."""
        return tuple(np.array(self.names)[self.kept].tolist())

    def apply(self, x: AnyArray) -> AnyArray:
        """(S, K) the kept columns of (S, F) inputs."""
        _check(x, self.names)
        return x[:, self.kept]


@dataclass(frozen=True, eq=False)
class Projection:
    """K principal components of F inputs: ``(x - center) @ components``.

    ``variance`` (K,) is the share of the training rows' variance of each, largest first; of the two signs of
    a component, the one in which its largest weight is positive.
    """

    names: tuple[str, ...]
    center: FloatArray
    components: FloatArray
    variance: FloatArray

    def apply(self, x: AnyArray) -> FloatArray:
        """(S, K) float64 of (S, F) inputs."""
        _check(x, self.names)
        out: FloatArray = (x - self.center) @ self.components
        return out


def training_inputs(data: Dataset, fold: Fold, *, output: int = 0) -> tuple[AnyArray, AnyArray]:
    """What a fold's selection may see: its own training rows, normalised by themselves, in the order of time.

    Parameters
    ----------
    data : of `jqfast.learn.dataset.make_dataset`
    fold : its training rows are used and no others
    output : which horizon the labels are of

    Returns
    -------
    (S, F) model inputs without missing values, and (S,) labels, NaN where there is none

    Raises
    ------
    DataGapError
        If the fold has no training sample.
    """
    from jqfast.learn.dataset import sample_values

    train = data.index(fold.train_rows, train=True)
    samples = sample_values(data, train)
    inputs = fit(samples, data.norms).apply(samples)[:, : len(data.names)]
    return inputs, data.targets[train][:, output]


def prune_correlated(
    x: AnyArray, names: Sequence[str], *, limit: float = 0.95, priority: AnyArray | None = None
) -> Selection:
    """Drop inputs that say what a better one says already.

    Parameters
    ----------
    x : (S, F) training inputs
    names : (F,)
    limit : largest absolute correlation allowed between two kept inputs, in (0, 1]
    priority : (F,) the higher goes first; default the order given

    Returns
    -------
    Selection. Inputs are visited by priority and stay when no input kept before correlates above the limit;
    ``scores`` are the largest such correlations. An input that never moves is dropped.

    Raises
    ------
    ValueError
        If shapes do not fit, ``limit`` is out of range, or an input has missing values.
    """
    if not 0.0 < limit <= 1.0:
        raise ValueError(f"`limit` must be in (0, 1]; got {limit}.")
    F = _check(x, names)
    _, gram = _moments(x)
    spread = np.sqrt(np.diag(gram))
    moves = spread > 1e-12 * max(1.0, float(spread.max(initial=0.0)))
    correlation = np.abs(gram / np.outer(np.where(moves, spread, 1.0), np.where(moves, spread, 1.0)))
    rank = np.arange(F) if priority is None else np.argsort(-np.asarray(priority, float), kind="stable")
    kept, scores, why = np.zeros(F, bool), np.zeros(F), {}
    for f in rank.tolist():
        if not moves[f]:
            why[names[f]] = "it never moves in the training rows"
            continue
        rivals = np.flatnonzero(kept)
        nearest = int(rivals[np.argmax(correlation[f, rivals])]) if len(rivals) else -1
        scores[f] = correlation[f, nearest] if nearest >= 0 else 0.0
        kept[f] = scores[f] <= limit
        if not kept[f]:
            why[names[f]] = f"correlation {scores[f]:.3f} with `{names[nearest]}`"
    return Selection(tuple(names), kept, scores, why)


def principal_components(
    x: AnyArray, names: Sequence[str], *, count: int | None = None, share: float = 0.95
) -> Projection:
    """The directions in which the inputs vary most.

    Parameters
    ----------
    x : (S, F) training inputs
    names : (F,)
    count : number of components; None for as many as ``share`` of the variance needs
    share : in (0, 1]

    Raises
    ------
    ValueError
        If shapes do not fit, an option is out of range, or an input has missing values.
    """
    F = _check(x, names)
    if not 0.0 < share <= 1.0:
        raise ValueError(f"`share` must be in (0, 1]; got {share}.")
    if count is not None and not 1 <= count <= F:
        raise ValueError(f"`count` must be from 1 to the {F} inputs; got {count}.")
    center, gram = _moments(x)
    values, vectors = np.linalg.eigh(gram)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    portion = values / values.sum() if values.sum() > 0 else values
    enough = int(np.searchsorted(np.cumsum(portion), share - 1e-12)) + 1
    K = min(F, enough) if count is None else count
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(F)]
    components = (vectors * np.where(largest < 0, -1.0, 1.0))[:, :K]
    return Projection(tuple(names), center, components, portion[:K])


@dataclass(frozen=True, eq=False)
class LassoPath:
    """Coefficients along a falling L1 penalty.

    ``penalties`` (L,) falling, ``coefficients`` (L, F) of centred inputs, ``errors`` (L,) mean squared error
    on the latest rows of those trained on, ``best`` the place of the smallest.
    """

    names: tuple[str, ...]
    penalties: FloatArray
    coefficients: FloatArray
    errors: FloatArray
    best: int

    def selection(self) -> Selection:
        """The inputs whose coefficient is not zero at the best penalty; scores are its coefficients."""
        coefficients = self.coefficients[self.best]
        kept: BoolArray = coefficients != 0.0
        why = f"no weight at the L1 penalty {self.penalties[self.best]:.3g}"
        dropped = {name: why for name, here in zip(self.names, kept, strict=True) if not here}
        return Selection(self.names, kept, coefficients, dropped)


def l1_path(
    x: AnyArray, y: AnyArray, names: Sequence[str], *, steps: int = 40, smallest: float = 1e-3
) -> LassoPath:
    """Least squares under an L1 penalty, from the penalty that leaves nothing to one that leaves nearly all.

    Parameters
    ----------
    x : (S, F) training inputs in the order of time
    y : (S,) labels, NaN where there is none
    names : (F,)
    steps : penalties, evenly spaced in their logarithm
    smallest : the last penalty as a share of the first

    Returns
    -------
    LassoPath. The penalty is chosen on the last fifth of the rows with coefficients of the first four; the
    coefficients given are those of all rows.

    Raises
    ------
    ValueError
        If shapes do not fit, an option is out of range, or an input has missing values.

    Notes
    -----
    min |y - x b|^2 / 2S + penalty |b|_1 over centred x and y, by cyclic coordinate descent on x'x with warm
    starts (Friedman, Hastie & Tibshirani 2010, J. Stat. Software 33(1)), ended by the exact solution on the
    coefficients that are not zero.
    """
    _check(x, names)
    if steps < 2 or not 0.0 < smallest < 1.0:
        raise ValueError(f"`steps` must be 2 or more and `smallest` in (0, 1); got {steps} and {smallest}.")
    known = np.flatnonzero(np.isfinite(y))
    cut = int(len(known) * (1.0 - VALIDATION_SHARE))
    if cut < 2:
        raise ValueError(f"`y` must have at least 3 labels to choose a penalty on; it has {len(known)}.")
    early, late = known[:cut], known[cut:]
    whole = _normal(x[known], y[known])
    penalties = float(np.abs(whole.cross).max()) * np.geomspace(1.0, smallest, steps)
    first = _normal(x[early], y[early])
    trial = _descend(first, penalties)
    residual = (y[late] - first.y_mean)[None, :] - trial @ (x[late] - first.x_mean).T
    errors = (residual**2).mean(axis=1)
    return LassoPath(tuple(names), penalties, _descend(whole, penalties), errors, int(errors.argmin()))


def by_gain(
    x: AnyArray, y: AnyArray, names: Sequence[str], *, keep: int, seed: int = 0, **options: Any
) -> Selection:
    """Keep the inputs from which LightGBM's trees gain most.

    Parameters
    ----------
    x : (S, F) training inputs
    y : (S,) labels, NaN where there is none
    names : (F,)
    keep : number of inputs to keep at most; an input without any gain is never kept
    seed : of the trees
    **options : LightGBM's own parameters, such as ``num_leaves``

    Returns
    -------
    Selection; ``scores`` are total gains

    Raises
    ------
    ModuleNotFoundError
        If LightGBM is not installed.
    ValueError
        If shapes do not fit or ``keep`` is out of range.
    """
    F = _check(x, names)
    if not 1 <= keep <= F:
        raise ValueError(f"`keep` must be from 1 to the {F} inputs; got {keep}.")
    try:
        import lightgbm
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "LightGBM is not installed; gains need it: pip install 'jqfast[lightgbm]'."
        ) from error
    known = np.isfinite(y)
    fixed = {"objective": "regression", "seed": seed, "deterministic": True, "force_row_wise": True}
    data = lightgbm.Dataset(x[known], y[known], free_raw_data=True)
    booster = lightgbm.train({"verbosity": -1, "num_threads": 1, **fixed, **options}, data)
    gains = np.asarray(booster.feature_importance("gain"), dtype=np.float64)
    best = np.argsort(-gains, kind="stable")[:keep]
    kept = np.zeros(F, bool)
    kept[best] = gains[best] > 0
    why = {name: f"gain {gain:.4g}" for name, gain, here in zip(names, gains, kept, strict=True) if not here}
    return Selection(tuple(names), kept, gains, why)


@dataclass(frozen=True, eq=False)
class _Normal:
    """Normal equations of centred rows: x'x / S, x'y / S, and the means."""

    gram: FloatArray
    cross: FloatArray
    x_mean: FloatArray
    y_mean: float


def _normal(x: AnyArray, y: AnyArray) -> _Normal:
    mean, gram = _moments(x)
    y_mean = float(y.mean(dtype=np.float64))
    cross = np.zeros(x.shape[1])
    for start in range(0, len(x), _CHUNK):
        part = slice(start, start + _CHUNK)
        cross += (x[part] - mean).T @ (y[part] - y_mean)
    return _Normal(gram, cross / len(x), mean, y_mean)


def _descend(normal: _Normal, penalties: FloatArray) -> FloatArray:
    """(L, F) coefficients, each penalty starting from the one before."""
    weights, out = np.zeros(len(normal.cross)), np.empty((len(penalties), len(normal.cross)))
    for step, penalty in enumerate(penalties):
        for _ in range(_ROUNDS):
            _cycle(normal, weights, float(penalty))
            if _settled(normal, weights, float(penalty)):
                break
        out[step] = weights
    return out


def _cycle(normal: _Normal, weights: FloatArray, penalty: float) -> None:
    """One round over all coordinates, in place."""
    rest, scale = normal.cross - normal.gram @ weights, np.diag(normal.gram)
    for f in np.flatnonzero(scale > 0).tolist():
        pull = float(rest[f] + scale[f] * weights[f])
        new = math.copysign(max(abs(pull) - penalty, 0.0), pull) / float(scale[f])
        if new != weights[f]:
            rest -= normal.gram[f] * (new - weights[f])
            weights[f] = new


def _settled(normal: _Normal, weights: FloatArray, penalty: float) -> bool:
    """True when the coordinates that are not zero are the right ones; they then get their exact values.

    Descent finds the active set in a few rounds and the values of near twins only in thousands; with the
    signs known, the values are the solution of linear equations.
    """
    active = np.flatnonzero(weights)
    signs = np.sign(weights[active])
    gram = normal.gram[np.ix_(active, active)]
    exact = np.linalg.lstsq(gram, normal.cross[active] - penalty * signs, rcond=None)[0]
    if not np.array_equal(np.sign(exact), signs):
        return False
    trial = np.zeros_like(weights)
    trial[active] = exact
    slack = 1e-9 * max(float(np.abs(normal.cross).max()), 1e-300)
    if (np.abs(normal.cross - normal.gram @ trial) > penalty + slack).any():
        return False
    weights[:] = trial
    return True


def _moments(x: AnyArray) -> tuple[FloatArray, FloatArray]:
    """(mean (F,), covariance (F, F) with divisor S), in float64, by blocks of rows."""
    mean = x.mean(axis=0, dtype=np.float64)
    gram = np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, len(x), _CHUNK):
        part = x[start : start + _CHUNK] - mean
        gram += part.T @ part
    return mean, gram / max(len(x), 1)


def _check(x: AnyArray, names: Sequence[str]) -> int:
    """F of inputs without missing values."""
    if x.ndim != 2 or x.shape[1] != len(names) or x.dtype.kind != "f":
        raise ValueError(f"`x` must be a float array (S, {len(names)}); got {x.shape} {x.dtype}.")
    if not len(x):
        raise ValueError("`x` must have at least one row; a fold without training rows selects nothing.")
    if not np.isfinite(x).all():
        raise ValueError("`x` must have no missing value: select among model inputs, after `Fitted.apply`.")
    return int(x.shape[1])
