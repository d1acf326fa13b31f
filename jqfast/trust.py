"""How far LRP may be trusted for the models of a run: `jqfast.explain.faithfulness` on a sample of forecasts.

1. some stocks on the last forecast date of some folds, spread over the walk-forward
2. groups of inputs that share a driver: inputs of one driver cannot be told apart (decision 22)
3. relevance of the groups against the model's own Shapley values, beside gradient x input and the relevance
   of models with shuffled weights; on a simulated market both against the truth
4. what the forecast loses as groups are taken away in the order of relevance; sets of groups; another seed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jqfast.data.panel import PRICE_COLUMNS
from jqfast.data.simulator.planted import Planted
from jqfast.explain.aggregate import InputGroups, demean_by_date, group_inputs
from jqfast.explain.attributions import gradient_x_input, predict_with
from jqfast.explain.faithfulness import (
    MATTERS,
    RECOVERED,
    UNRELATED,
    another_stock,
    perturbation_curves,
    recovery,
    recovery_error,
    sensitivity_n,
    shuffled,
)
from jqfast.explain.lrp import lrp
from jqfast.explain.nets import Explainable
from jqfast.explain.shapley import shapley
from jqfast.explain.walk_forward import model_inputs
from jqfast.features.declare import Feature
from jqfast.features.result import FeaturePanel
from jqfast.learn.checkpoint import FoldModel, fold_path, load_fold
from jqfast.learn.walk_forward import Predictions
from jqfast.report.trust_inputs import Order, TrustFacts, TrustRow, Verdict
from jqfast.types import AnyArray, FloatArray, IntArray

#: Kinds of features that follow the path of prices, which reversal and momentum are made of.
_PATH = ("momentum", "position", "trend", "lag")
_PRICES = frozenset(PRICE_COLUMNS[:4])
#: Kind -> the driver that its features share.
_DRIVER_OF = {
    **dict.fromkeys(("value", "quality", "flow"), ""),
    **dict.fromkeys(("growth", "revision", "surprise", "progress"), "earnings"),
}
CLOSES = "reversal+momentum"
#: Standard errors by which the shuffled models must agree before it counts.
ERRORS = 3.0

#: (model, inputs) -> relevance by group.
Relevance = Callable[[Explainable, AnyArray], AnyArray]


@dataclass(frozen=True)
class TrustConfig:
    """How much is measured: stocks in all, folds they are spread over, walks of the Shapley values, shuffles.

    One shuffled model may agree with a small group by chance, as it has one sign for it: correlations of -1
    and 1 for a group of one input. The mean of many must vanish, to within its standard error.
    """

    samples: int = 600
    folds: int = 3
    draws: int = 32
    shuffles: int = 100
    epsilon: float = 1e-3
    seed: int = 0


class Sample(NamedTuple):
    """Forecasts of some folds: their models, and of each its fold, row and stock, and the model's inputs."""

    models: tuple[FoldModel, ...]
    model: IntArray  # (S,) index into ``models``
    row: IntArray
    stock: IntArray
    inputs: AnyArray  # (S, I) or (S, L, I)
    output: int

    def each(self, one: Relevance, models: Sequence[Explainable] = ()) -> AnyArray:
        """A function of (model, inputs) over all forecasts, by their models."""
        return np.concatenate(
            [one(m, self.inputs[self.model == k]) for k, m in enumerate(models or self.models)]
        )


def driver_groups(features: Mapping[str, Feature]) -> dict[str, list[str]]:
    """The features by the driver they share; those without one by their kind."""
    groups: dict[str, list[str]] = {}
    for name, feature in features.items():
        groups.setdefault(_driver(feature), []).append(name)
    return groups


def _driver(feature: Feature) -> str:
    kind = feature.kind or "other"
    if kind in _PATH:
        return CLOSES if feature.expr.columns <= _PRICES else "volume"
    return _DRIVER_OF.get(kind) or kind


def sample(
    X: FeaturePanel,
    predictions: Predictions,
    models_dir: Path,
    *,
    horizon: int,
    history: AnyArray | None = None,
    config: TrustConfig | None = None,
) -> Sample:
    """Forecasts to measure on: of some folds the stocks of the last date, drawn where they are many."""
    config = config or TrustConfig()
    rng = np.random.default_rng(config.seed)
    output = predictions.horizons.index(horizon)
    known = np.isfinite(predictions.scores[output]).any(axis=1)  # a fold that failed in training has none
    used = np.unique(predictions.fold_of_row[known & (predictions.fold_of_row >= 0)])
    chosen = used[np.unique(np.linspace(0, len(used) - 1, min(config.folds, len(used))).astype(int))]
    models, parts = [], []
    for k, fold in enumerate(chosen):
        row = int(np.flatnonzero(known & (predictions.fold_of_row == fold))[-1])
        stocks = np.flatnonzero(np.isfinite(predictions.scores[output, row]))
        stocks = np.sort(rng.permutation(stocks)[: config.samples // len(chosen)])
        model = load_fold(fold_path(models_dir, predictions.folds[fold]))
        models.append(model)
        rows = np.full(len(stocks), row)
        parts.append((np.full(len(stocks), k), rows, stocks, model_inputs(model, X, rows, stocks, history)))
    owner, rows, stocks, inputs = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Sample(tuple(models), owner, rows, stocks, inputs, output)


def trust(
    taken: Sample,
    X: FeaturePanel,
    groups: Mapping[str, Sequence[str]],
    *,
    other: FoldModel | None = None,
    seed: int | None = None,
    truth: Planted | None = None,
    horizon: int = 5,
    config: TrustConfig | None = None,
) -> TrustFacts:
    """Measure how far the relevances of a run may be trusted.

    Parameters
    ----------
    taken : forecasts, of :func:`sample`
    X : FeaturePanel of the run
    groups : name -> features that share a driver, of :func:`driver_groups`
    other : the model of the last sampled fold trained with another ``seed``; without it that column is empty
    truth : of a simulated market, on the dates and stocks of ``X``
    horizon : of the forecasts, for the truth
    config : how much is measured

    Returns
    -------
    TrustFacts
    """
    config = config or TrustConfig()
    by = group_inputs(taken.models[0].input_names, groups)
    relevance = _relevance(by, taken.output, config.epsilon)
    predictors = [predict_with(model, output=taken.output) for model in taken.models]

    def predict(x: AnyArray) -> AnyArray:
        parts = [one(x[taken.model == k]) for k, one in enumerate(predictors)]
        return np.concatenate(parts)

    ours = taken.each(relevance)
    slopes = taken.each(lambda m, x: _grouped(by, gradient_x_input(m, x, output=taken.output)))
    owed = shapley(predict, taken.inputs, by, taken.row, draws=config.draws, seed=config.seed).values
    control = _control(taken, owed, relevance, config)
    known, truth_share = _truth(taken, by, truth, horizon)
    last = taken.model == len(taken.models) - 1
    again = (
        relevance(other, taken.inputs[last])
        if other is not None
        else np.full((last.sum(), len(by.names)), np.nan)
    )
    pairs = {
        "lrp_model": (ours, owed, taken.row),
        "gradient_model": (slopes, owed, taken.row),
        "seeds": (ours[last], again, taken.row[last]),
        "lrp_truth": (ours, known, taken.row),
        "model_truth": (owed, known, taken.row),
    }
    columns = {
        **{name: recovery(*pair) for name, pair in pairs.items()},
        "control": control.mean(axis=0),
        "control_error": control.std(axis=0, ddof=1) / np.sqrt(len(control)),
        "truth_share": truth_share,
    }
    errors = {name: recovery_error(*pair, seed=config.seed) for name, pair in pairs.items()}
    absent = another_stock(taken.inputs, taken.row, seed=config.seed)
    chance = np.random.default_rng(config.seed).random(ours.shape)
    orders = [_order(predict, taken, each, by, absent) for each in (ours, slopes, chance)]
    sizes = sorted({max(1, round(len(by.names) * share)) for share in (0.1, 0.25, 0.5)})
    return TrustFacts(
        rows=_rows(by, owed, taken.row, groups, columns, errors),
        lrp=orders[0],
        gradient=orders[1],
        random=orders[2],
        sensitivity=[(n, *sensitivity_n(predict, taken.inputs, ours, by, absent, n=n)) for n in sizes],
        samples=len(taken.row),
        dates=[str(date) for date in X.dates[np.unique(taken.row)]],
        folds=[model.name for model in taken.models],
        seed=seed if other is not None else None,
    )


def _grouped(by: InputGroups, values: AnyArray) -> FloatArray:
    """(S, G) from (S, I) or (S, L, I)."""
    return by.sum(values.sum(axis=1) if values.ndim == 3 else values)


def _relevance(by: InputGroups, output: int, epsilon: float) -> Relevance:
    def relevance(model: Explainable, x: AnyArray) -> AnyArray:
        return _grouped(by, lrp(model, x, epsilon=epsilon, output=output).relevance)

    return relevance


def _control(taken: Sample, owed: AnyArray, relevance: Relevance, config: TrustConfig) -> FloatArray:
    """(K, G) agreement of models with shuffled weights, each fold shuffled in its own way."""
    found = []
    for k in range(config.shuffles):
        seeds = [config.seed + k * len(taken.models) + m for m in range(len(taken.models))]
        nets = [shuffled(model, seed=seed) for model, seed in zip(taken.models, seeds, strict=True)]
        found.append(recovery(taken.each(relevance, nets), owed, taken.row))
    return np.array(found)


def _truth(
    taken: Sample, by: InputGroups, truth: Planted | None, horizon: int
) -> tuple[FloatArray, FloatArray]:
    """(S, G) what each driver adds to the expected return, and shares (G,) of its variance; else NaN."""
    known = np.full((len(taken.row), len(by.names)), np.nan)
    if truth is None or horizon not in truth.expected:
        return known, known[0]
    parts = {name: part[taken.row, taken.stock] for name, part in truth.parts(horizon).items()}
    spread = {name: float(np.nanvar(demean_by_date(part, taken.row))) for name, part in parts.items()}
    whole = sum(spread.values())
    for g, name in enumerate(by.names):
        known[:, g] = parts.get(name, np.nan)
    return known, np.array([spread.get(name, np.nan) / whole if whole > 0 else np.nan for name in by.names])


def _order(
    predict: Callable[[AnyArray], AnyArray],
    taken: Sample,
    by_size: AnyArray,
    by: InputGroups,
    absent: AnyArray,
) -> Order:
    found = perturbation_curves(predict, taken.inputs, by_size, by, absent)
    zero = perturbation_curves(predict, taken.inputs, by_size, by, np.zeros(1, np.float32))
    errors = (found.falling_error, found.rising_error)
    return Order(found.falling, found.rising, found.area, found.error, zero.area, *errors)


def _rows(
    by: InputGroups,
    owed: AnyArray,
    dates: AnyArray,
    groups: Mapping[str, Sequence[str]],
    columns: Mapping[str, AnyArray],
    errors: Mapping[str, AnyArray],
) -> list[TrustRow]:
    size = np.abs(demean_by_date(owed, dates)).mean(axis=0)
    share = size / max(float(size.sum()), 1e-300)
    rows = []
    for g in np.argsort(-share, kind="stable"):
        numbers = {name: float(values[g]) for name, values in columns.items()}
        weight = max(float(share[g]), float(np.nan_to_num(numbers["truth_share"])))
        beyond = abs(numbers["control"]) > max(UNRELATED, ERRORS * numbers["control_error"])
        verdict = _verdict(weight, numbers["lrp_model"], beyond=beyond)
        name = by.names[g]
        own = {column: float(values[g]) for column, values in errors.items()}
        rows.append(
            TrustRow(name, len(groups[name]), float(share[g]), verdict=verdict, errors=own, **numbers)
        )
    return rows


def _verdict(weight: float, right: float, *, beyond: bool) -> Verdict:
    """Decision 22: judged from a tenth of the model or of the truth on; ``beyond``: shuffled models agree."""
    if not weight >= MATTERS:
        return "small"
    if not right >= RECOVERED:
        return "not recovered"
    return "control too" if beyond else "recovered"
