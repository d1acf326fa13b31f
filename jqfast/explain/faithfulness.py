"""How far the relevances of a model may be trusted: measured, not assumed.

Everything is by group of inputs and, where stocks are compared, minus the mean of the date. An absent group
has another stock's values of the same date; zeros beside it are one argument away.

1. Perturbation curves: groups are taken away in the order of their relevance, the most positive or the most
   negative first; the prediction must fall, or rise, faster than in a random order.
2. Sensitivity-n: relevance of random sets of n groups against what the prediction loses without them.
3. Recovery: rank correlation of a group's relevance, over the stocks of each date, with the model's own
   Shapley values; and with the truth, where it is known, which judges the model and not the explanation.
4. Controls: the same recovery for a model with shuffled weights must vanish.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jqfast.evaluate.ranks import rank_rows
from jqfast.explain.aggregate import InputGroups, demean_by_date
from jqfast.explain.attributions import Predict
from jqfast.explain.nets import DenseNet, Explainable, LstmLayer, LstmNet, Net, net_of
from jqfast.explain.shapley import others_of_the_date
from jqfast.types import AnyArray, FloatArray

if TYPE_CHECKING:
    import pandas as pd


class Curves(NamedTuple):
    """Mean change of the prediction after 0, 1, ..., G groups are gone."""

    falling: FloatArray  # the most positive relevance first
    rising: FloatArray  # the most negative first
    random: FloatArray
    error: float  # standard error over samples of the area between rising and falling
    falling_error: FloatArray  # and of the two curves
    rising_error: FloatArray

    @property
    def area(self) -> float:
        """Mean of rising minus falling: what the order by relevance is worth; 0 for a random order."""
        return float(np.mean(self.rising - self.falling))


def perturbation_curves(
    predict: Predict,
    x: AnyArray,
    relevance: AnyArray,
    groups: InputGroups,
    absent: AnyArray,
    *,
    seed: int = 0,
) -> Curves:
    """The prediction as groups are taken away by the order of their relevance, both ways, and at random.

    Parameters
    ----------
    predict : inputs (S, ...) -> predictions (S,)
    x : (S, I) or (S, L, I) model inputs
    relevance : (S, G) of the groups
    groups : of the I inputs
    absent : values of absent inputs, of the shape of ``x`` (another stock's) or one number
    seed : of the random order
    """
    values = np.asarray(x)
    gone = np.broadcast_to(np.asarray(absent, dtype=values.dtype), values.shape)
    order = np.argsort(-np.asarray(relevance), axis=1, kind="stable")
    chance = np.argsort(np.random.default_rng(seed).random(order.shape), axis=1)
    falling = _removed(predict, values, gone, groups, order)
    rising = _removed(predict, values, gone, groups, order[:, ::-1])
    random = _removed(predict, values, gone, groups, chance)
    error = float(_error((rising - falling).mean(axis=1)))
    return Curves(
        falling.mean(axis=0), rising.mean(axis=0), random.mean(axis=0), error, _error(falling), _error(rising)
    )


def _error(values: AnyArray) -> FloatArray:
    """Standard error of the mean over the first axis; NaN for a single value."""
    if len(values) < 2:
        return np.full(np.shape(values)[1:], np.nan)
    return np.asarray(np.std(values, axis=0, ddof=1) / np.sqrt(len(values)))


def sensitivity_n(
    predict: Predict,
    x: AnyArray,
    relevance: AnyArray,
    groups: InputGroups,
    absent: AnyArray,
    *,
    n: int,
    sets: int = 32,
    seed: int = 0,
) -> tuple[float, float]:
    """Whether relevance adds up: over random sets of ``n`` groups, correlation of relevance with what the
    prediction loses without them, averaged over samples (Ancona et al. 2018).

    Returns
    -------
    The mean over samples and its standard error; NaN where neither varies
    """
    if not 1 <= n <= len(groups.names):
        raise ValueError(f"`n` must be 1 to {len(groups.names)}, the number of groups; got {n}.")
    values, parts = np.asarray(x), np.asarray(relevance, dtype=np.float64)
    gone = np.broadcast_to(np.asarray(absent, dtype=values.dtype), values.shape)
    whole = np.asarray(predict(values), dtype=np.float64)
    rng = np.random.default_rng(seed)
    said, lost = np.empty((2, sets, len(values)))
    for k in range(sets):
        chosen = rng.choice(len(groups.names), n, replace=False)
        own = [i for g in chosen for i in groups.members[g]]
        without = values.copy()
        without[..., own] = gone[..., own]
        said[k] = parts[:, chosen].sum(axis=1)
        lost[k] = whole - predict(without)
    each = _correlation(said, lost)
    known = each[np.isfinite(each)]
    return (float(known.mean()) if len(known) else float("nan")), float(_error(known))


def recovery(relevance: AnyArray, against: AnyArray, dates: AnyArray) -> FloatArray:
    """(G,) rank correlation of relevance (S, G) with another (S, G), both minus their date means.

    Ranks are over all samples. NaN for a group whose values do not vary.
    """
    left, right = (rank_rows(demean_by_date(values, dates).T).T for values in (relevance, against))
    return _correlation(left, right)


def recovery_error(
    relevance: AnyArray, against: AnyArray, dates: AnyArray, *, draws: int = 100, seed: int = 0
) -> FloatArray:
    """(G,) standard error of :func:`recovery` by a bootstrap of the samples; NaN where nothing varies."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        chosen = np.sort(rng.integers(0, len(dates), len(dates)))
        found.append(recovery(relevance[chosen], against[chosen], np.asarray(dates)[chosen]))
    return np.asarray(np.std(found, axis=0, ddof=1))


def stability(relevances: Sequence[AnyArray], dates: AnyArray) -> FloatArray:
    """(G,) mean :func:`recovery` between the relevances of models that differ in their seed alone."""
    if len(relevances) < 2:
        raise ValueError(f"`relevances` must be of at least two seeds; got {len(relevances)}.")
    pairs = [
        recovery(relevances[i], relevances[j], dates)
        for i in range(len(relevances))
        for j in range(i + 1, len(relevances))
    ]
    means: FloatArray = np.mean(pairs, axis=0)
    return means


def shuffled(model: Explainable, *, seed: int = 0) -> Net:
    """The net with the entries of every weight and bias in random places: it has learnt nothing."""
    rng = np.random.default_rng(seed)

    def mixed(values: AnyArray | None) -> AnyArray | None:
        return (
            None if values is None else rng.permutation(np.asarray(values).ravel()).reshape(np.shape(values))
        )

    def dense(net: DenseNet) -> DenseNet:
        biases = None if net.biases is None else [mixed(b) for b in net.biases]
        return DenseNet([_known(mixed(w)) for w in net.weights], biases, net.activations)

    net = net_of(model)
    if isinstance(net, DenseNet):
        return dense(net)
    layers = [LstmLayer(*(_known(mixed(part)) for part in layer)) for layer in net.layers]
    return LstmNet(layers, dense(net.head), net.pooling, mixed(net.query))


class Evidence(NamedTuple):
    """What :func:`faithfulness_table` judges; relevances and Shapley values are (S, G)."""

    relevance: AnyArray
    shapley: AnyArray
    control: AnyArray  # relevance of the shuffled model
    curves: Curves
    truth: AnyArray | None = None  # (S, G) contributions of the drivers, NaN for groups without one
    weights: AnyArray | None = None  # (G,) share of the truth's variance


#: A driver is recovered from this rank correlation on; a shuffled model must stay under the second number.
RECOVERED, UNRELATED = 0.6, 0.1
#: Drivers with less of the variance are shown and not judged.
MATTERS = 0.1


def faithfulness_table(evidence: Evidence, groups: InputGroups, dates: AnyArray) -> pd.DataFrame:
    """How far LRP may be trusted for this model, in one table.

    Returns
    -------
    DataFrame, one row per group by falling share: ``share`` of the mean absolute Shapley value (of the
    truth's variance where it is given), ``lrp_model`` (is LRP right about the model?), ``lrp_truth`` and
    ``model_truth`` (is the model right about the market?), ``control``, ``verdict``. A last row ``(order)``
    holds the area between the perturbation curves in standard errors.
    """
    import pandas as pd

    size = np.abs(demean_by_date(evidence.shapley, dates)).mean(axis=0)
    share = (
        size / max(float(size.sum()), 1e-300) if evidence.weights is None else np.asarray(evidence.weights)
    )
    right = recovery(evidence.relevance, evidence.shapley, dates)
    control = recovery(evidence.control, evidence.shapley, dates)
    columns = {"share": share, "lrp_model": right, "control": control}
    if evidence.truth is not None:
        columns["lrp_truth"] = recovery(evidence.relevance, evidence.truth, dates)
        columns["model_truth"] = recovery(evidence.shapley, evidence.truth, dates)
    table = pd.DataFrame(columns, index=pd.Index(groups.names, name="group"))
    table["verdict"] = [_verdict(s, r, c) for s, r, c in zip(share, right, control, strict=True)]
    table = table.sort_values("share", ascending=False, kind="stable")
    worth = evidence.curves.area / evidence.curves.error if evidence.curves.error > 0 else np.nan
    order = "better than chance" if worth > 3 else "no better than chance"
    last = pd.DataFrame({"lrp_model": [worth], "verdict": [order]}, index=pd.Index(["(order)"], name="group"))
    return pd.concat([table, last])


def _verdict(share: float, right: float, control: float) -> str:
    if not share >= MATTERS:
        return "too small to judge"
    if not right >= RECOVERED:
        return "not recovered"
    return "recovered" if abs(control) < UNRELATED else "recovered, but the shuffled model too"


def _removed(
    predict: Predict, x: AnyArray, gone: AnyArray, groups: InputGroups, order: AnyArray
) -> FloatArray:
    """(S, G + 1) change of the prediction as each sample's groups go in its own order."""
    member = np.zeros((len(groups.names), groups.inputs), dtype=np.bool_)
    for g, own in enumerate(groups.members):
        member[g, list(own)] = True
    changes = np.zeros((len(x), order.shape[1] + 1))
    state = x.copy()
    whole = np.asarray(predict(x), dtype=np.float64)
    for k in range(order.shape[1]):
        out = member[order[:, k]]
        out = out if x.ndim == 2 else out[:, None, :]
        state = np.where(out, gone, state)
        changes[:, k + 1] = predict(state) - whole
    return changes


def _correlation(left: AnyArray, right: AnyArray) -> FloatArray:
    """Along the first axis over the rows where both are known; NaN where one does not vary."""
    known = np.isfinite(left) & np.isfinite(right)
    count = np.maximum(known.sum(axis=0), 1)
    a, b = (np.where(known, v, 0.0) for v in (left, right))
    a, b = (np.where(known, v - v.sum(axis=0) / count, 0.0) for v in (a, b))
    scale = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        result: FloatArray = np.where(scale > 0, (a * b).sum(axis=0) / scale, np.nan)
    return result


def _known(values: AnyArray | None) -> AnyArray:
    """For weights, which are always there."""
    if values is None:
        raise ValueError("`model` has a layer without weights.")
    return values


def another_stock(x: AnyArray, dates: AnyArray, *, seed: int = 0) -> AnyArray:
    """(S, ...) the inputs of another stock of the same date for each sample: what stands for absent ones."""
    values = np.asarray(x)
    chosen: AnyArray = values[others_of_the_date(dates, np.random.default_rng(seed))]
    return chosen
