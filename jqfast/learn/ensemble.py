"""Ensembles of walk-forwards over the same folds: means of scores, means of ranks, stacks.

Mean scores are linear in their members, so that relevance of an ensemble is the mean of its members'
relevances (decision 15). Rank means and stacks have no relevance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jqfast.learn.config import TrainConfig
from jqfast.learn.folds import Fold
from jqfast.learn.labels import Labels, Targets
from jqfast.learn.walk_forward import Predictions, Progress, run
from jqfast.types import AnyArray, FloatArray

if TYPE_CHECKING:
    from jqfast.features import FeaturePanel

#: Pairs of score and target that a stack needs before it weighs its members; equal weights until then.
_STACK_PAIRS = 1000


def run_seeds(
    X: FeaturePanel,
    targets: Targets,
    folds: Sequence[Fold],
    config: TrainConfig,
    *,
    models_dir: Path | None = None,
    progress: Progress | None = None,
) -> Predictions:
    """The mean of ``config.ensemble`` walk-forwards with the seeds ``seed``, ``seed + 1``, ...

    The files of the first seed lie in ``models_dir``, those of the others in folders ``seed-<seed>`` there.
    Arguments as :func:`jqfast.learn.walk_forward.run`; one seed is that very function.
    """
    none: list[Path | None] = [None] * config.ensemble
    folders = none if models_dir is None else [*member_folders(models_dir, config)]
    members = []
    for number, folder in enumerate(folders):

        def tell(done: int, total: int, message: str, before: int = number) -> None:
            if progress is not None:
                progress(before * total + done, config.ensemble * total, message)

        member = replace(config, seed=config.seed + number, ensemble=1)
        members.append(run(X, targets, folds, member, models_dir=folder, progress=tell))
    return members[0] if len(members) == 1 else combine(members)


def member_folders(models_dir: Path, config: TrainConfig) -> list[Path]:
    """Where the fold files of each member lie: those of the first seed in the folder itself."""
    others = range(config.seed + 1, config.seed + config.ensemble)
    return [models_dir, *(models_dir / f"seed-{seed}" for seed in others)]


def combine(members: Sequence[Predictions], weights: Sequence[float] | None = None) -> Predictions:
    """The weighted mean of the members' scores, each standardised per date; NaN where any member has none.

    Parameters
    ----------
    members : walk-forwards over the same folds
    weights : one per member; equal ones without
    """
    _check_members(members)
    share = np.ones(len(members)) if weights is None else np.asarray(weights, dtype=np.float64)
    if share.shape != (len(members),) or not (share >= 0).all() or not share.sum() > 0:
        raise ValueError(f"`weights` must be {len(members)} numbers >= 0, not all 0; got {weights}.")
    total = np.zeros(members[0].scores.shape)
    for member, weight in zip(members, share / share.sum(), strict=True):
        total += weight * per_date(member.scores)
    return _joined(members, total)


def combine_ranks(members: Sequence[Predictions]) -> Predictions:
    """The mean of the members' ranks per date, from -0.5 to 0.5: what one wild member says weighs no more."""
    _check_members(members)
    total = np.mean([ranks(member.scores) for member in members], axis=0)
    return _joined(members, total)


def stack(
    members: Sequence[Predictions], labels: Labels, targets: Targets, folds: Sequence[Fold]
) -> Predictions:
    """Members weighed by how they did before; arguments as :func:`stack_weights`."""
    return stacked(members, stack_weights(members, labels, targets, folds), folds)


def stack_weights(
    members: Sequence[Predictions], labels: Labels, targets: Targets, folds: Sequence[Fold]
) -> FloatArray:
    """(folds, Hn, M) weights of the members: non-negative least squares on what each fold could have known.

    Parameters
    ----------
    members : M walk-forwards over ``folds``
    labels : of the same panel, for when each target is complete
    targets : what is to be forecast
    folds : of the members

    Returns
    -------
    Weights that add up to 1. Those of a fold come from rows that earlier folds predicted and whose labels
    were complete at its decision row, each horizon by itself; equal ones while those are fewer than 1,000
    pairs.
    """
    _check_members(members)
    scores = np.stack([per_date(member.scores) for member in members])
    predicted = members[0].fold_of_row >= 0
    found = np.empty((len(folds), len(members[0].horizons), len(members)))
    for k, fold in enumerate(folds):
        for output in range(found.shape[1]):
            past = np.flatnonzero(predicted & (labels.end_row[output] <= fold.decision_row))
            past = past[past < fold.decision_row]
            found[k, output] = _stack_weights(scores[:, output, past], targets.values[output, past])
    return found


def stacked(members: Sequence[Predictions], weights: FloatArray, folds: Sequence[Fold]) -> Predictions:
    """The standardised scores of ``members`` by the weights (folds, Hn, M) of each fold."""
    _check_members(members)
    scores = np.stack([per_date(member.scores) for member in members])
    total = np.full(members[0].scores.shape, np.nan)
    for k, fold in enumerate(folds):
        total[:, fold.predict_rows] = np.einsum("hm,mhrn->hrn", weights[k], scores[:, :, fold.predict_rows])
    return _joined(members, total)


def per_date(scores: AnyArray) -> FloatArray:
    """Scores with mean 0 and deviation 1 per horizon and date; 0 where all are equal."""
    known = np.isfinite(scores)
    count = np.maximum(known.sum(axis=2, keepdims=True), 1)
    mean = np.where(known, scores, 0.0).sum(axis=2, keepdims=True, dtype=np.float64) / count
    centred = np.where(known, scores - mean, 0.0)
    sd = np.sqrt((centred**2).sum(axis=2, keepdims=True) / count)
    return np.where(known, centred / np.where(sd > 0, sd, 1.0), np.nan)


def ranks(scores: AnyArray) -> FloatArray:
    """Ranks per horizon and date, ties averaged, scaled to -0.5 .. 0.5."""
    flat = scores.reshape(-1, scores.shape[2])
    out = np.full(flat.shape, np.nan)
    for row, values in enumerate(flat):
        known = np.flatnonzero(np.isfinite(values))
        if len(known):
            out[row, known] = (_average_ranks(values[known]) + 0.5) / len(known) - 0.5
    return out.reshape(scores.shape)


def _average_ranks(values: AnyArray) -> FloatArray:
    """Ranks from 0, equal values sharing the mean of theirs."""
    place, count = np.unique(values, return_inverse=True, return_counts=True)[1:]
    mean = np.cumsum(count) - (count + 1) / 2
    shared: FloatArray = mean[place]
    return shared


def _stack_weights(scores: FloatArray, target: FloatArray) -> FloatArray:
    """(M,) weights of least squares over all known pairs, none negative, adding up to 1."""
    M = len(scores)
    known = np.isfinite(scores).all(axis=0) & np.isfinite(target)
    equal = np.full(M, 1.0 / M)
    if known.sum() < _STACK_PAIRS:
        return equal
    x, y = scores[:, known], target[known]
    weights = _non_negative(x @ x.T, x @ y)
    return weights / weights.sum() if weights.sum() > 0 else equal


def _non_negative(gram: FloatArray, moment: FloatArray) -> FloatArray:
    """The best weights >= 0, from x x^T and x y: a root of x x^T stands for the pairs, which are many.

    Members that say the same make the root singular; what they do not tell apart is left out of it.
    """
    from scipy.optimize import nnls

    size, axes = np.linalg.eigh(gram)
    told = size > size[-1] * len(size) * np.finfo(np.float64).eps
    root, axes = np.sqrt(size[told]), axes[:, told]
    weights: FloatArray = nnls(root[:, None] * axes.T, (axes.T @ moment) / root)[0]
    return weights


def _joined(members: Sequence[Predictions], scores: FloatArray) -> Predictions:
    """The first member with other scores and the notes of all."""
    notes = tuple(dict.fromkeys(note for member in members for note in member.notes))
    return replace(members[0], scores=scores.astype(np.float32), notes=notes)


def _check_members(members: Sequence[Predictions]) -> None:
    if not members:
        raise ValueError("`members` must hold at least one walk-forward; got none.")
    first = members[0]
    if any(m.scores.shape != first.scores.shape or m.folds != first.folds for m in members):
        raise ValueError("`members` must cover the same dates, stocks, horizons and folds.")
