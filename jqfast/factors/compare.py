"""Factor models and an LSTM on the same data, sector by sector: the predictions that are then judged.

1. Returns and all factors are cut to the dates that all have; the first 70 % fit, the last 30 % are
   predicted.
2. ``fit``: FF3, Carhart, FF5 with the factors of the date; an LSTM and a ridge regression with the same
   factors of the last ``length`` dates, the date included.
3. ``forecast``: each of them with data up to the date before. Factor models take the expectation of the
   factors, their expanding mean and, second row, an autoregression. Zero and the training mean stand beside.
4. The two together: an LSTM on what the largest factor model leaves over.

Every prediction of a column covers the same dates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from jqfast._core import build_info
from jqfast.errors import DataGapError, check_range
from jqfast.factors import predictors
from jqfast.factors.french import together
from jqfast.factors.predictors import Column, LstmOptions, Split
from jqfast.factors.table import Factors, Portfolios
from jqfast.types import DateArray, FloatArray

#: The models of the paper, in its order.
PAPER = ("FF3", "Carhart", "FF5")
ZERO, MEAN, LINEAR, LSTM = "zero", "mean", "linear", "LSTM"
#: Dates that the smallest comparison needs: a first part from which anything can be learnt.
_LEAST = 60

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class CompareConfig:
    """What is compared and how.

    Parameters
    ----------
    models : factor models of the comparison
    share : part of the dates that fit, the rest is judged
    choose : last part of those that chooses settings
    lstm : how the LSTM is chosen and trained
    threads : sectors at once; 0 for the processors there are
    """

    models: tuple[str, ...] = PAPER
    share: float = 0.7
    choose: float = 0.2
    lstm: LstmOptions = field(default_factory=LstmOptions)
    threads: int = 0

    def __post_init__(self) -> None:
        check_range("share", self.share, 0.3, 0.95)
        check_range("choose", self.choose, 0.05, 0.5)


@dataclass(frozen=True, eq=False)
class Predicted:
    """Predictions of one column of the comparison.

    Parameters
    ----------
    column : ``"fit"`` or ``"forecast"``
    models : names of the M models
    values : (M, T, S) predicted excess returns, NaN on the first dates, for all models alike
    settings : (model, sector) -> the setting chosen, in words
    """

    column: Column
    models: tuple[str, ...]
    values: FloatArray
    settings: Mapping[tuple[str, str], str]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Actual excess returns and the predictions of both columns on the same dates.

    ``split.train`` dates fit, of them those from ``split.select`` on choose; the rest is judged. ``trials``
    is the number of LSTM settings tried per sector and column.
    """

    dates: DateArray
    sectors: tuple[str, ...]
    actual: FloatArray
    split: Split
    columns: tuple[Predicted, ...]
    trials: int
    notes: tuple[str, ...]


def predict(
    portfolios: Portfolios,
    models: Mapping[str, Factors],
    config: CompareConfig | None = None,
    *,
    contemporaneous: Mapping[str, Factors] | None = None,
    progress: Tell | None = None,
) -> Comparison:
    """All predictions of the comparison.

    Parameters
    ----------
    portfolios : (T, S) excess returns of sectors
    models : model -> its factors; models of the configuration that are not there are left out and named
    config : CompareConfig
    contemporaneous : other factors for the ``fit`` column, such as those with leads and lags
    progress : called with (stage, done, total)

    Returns
    -------
    Comparison

    Raises
    ------
    DataGapError
        If no model can be had, or there are fewer than 60 common dates.
    """
    config = config or CompareConfig()
    some = {name: factors for name, factors in models.items() if name in config.models}
    if not some:
        raise DataGapError(
            f"None of the models {', '.join(config.models)} can be had; there are "
            f"{', '.join(models) or 'no factors'}."
        )
    now = {name: (contemporaneous or models)[name] for name in some}
    kept, dates, notes = _whole(portfolios, [*some.values(), *now.values()])
    lost = [name for name in config.models if name not in some]
    if lost:
        notes = (*notes, f"Left out for want of factors: {', '.join(lost)}.")
    some, now = together(some, dates)[0], together(now, dates)[0]
    train = math.ceil(config.share * len(dates))
    split = Split(math.ceil((1.0 - config.choose) * train), train, len(dates))
    if split.select <= config.lstm.length + 20:
        raise DataGapError(
            f"{len(dates)} common dates are too few: the part that fits before settings are chosen has "
            f"{split.select}, sequences of {config.lstm.length} need more. Shorten them or use daily data."
        )
    jobs = [(column, s) for column in ("fit", "forecast") for s in range(len(portfolios.names))]
    tell = progress or _silent
    tell("models", 0, len(jobs))

    def work(job: tuple[Column, int]) -> dict[str, predictors.Chosen]:
        column, s = job
        factors = now if column == "fit" else some
        return _one(kept[:, s], factors, split, column, config.lstm)

    threads = config.threads or int(build_info()["threads"])
    found = []
    with ThreadPoolExecutor(threads, thread_name_prefix="sector") as pool:
        for result in pool.map(work, jobs):
            found.append(result)
            tell("models", len(found), len(jobs))
    half = len(portfolios.names)
    columns = (
        _column("fit", found[:half], portfolios.names, config.lstm.length),
        _column("forecast", found[half:], portfolios.names, config.lstm.length),
    )
    return Comparison(dates, portfolios.names, kept, split, columns, len(config.lstm.trials), notes)


def _one(
    y: FloatArray, factors: Mapping[str, Factors], split: Split, column: Column, lstm: LstmOptions
) -> dict[str, predictors.Chosen]:
    """Model -> predictions of one sector in one column."""
    out: dict[str, predictors.Chosen] = {}
    for name, table in factors.items():
        f = table.values
        if column == "fit":
            out[name] = predictors.Chosen(predictors.by_factors(y, f, split), "")
            continue
        mean = predictors.by_expected_factors(y, f, split, predictors.expanding_mean(f))
        lagged = predictors.by_expected_factors(y, f, split, predictors.autoregression(f, split))
        out[f"{name}, mean of factors"] = predictors.Chosen(mean, "")
        out[f"{name}, AR(1) of factors"] = predictors.Chosen(lagged, "")
    # In the fit the sector's own past is no input; zeros keep the width, so that nothing compiles twice.
    inputs = _inputs(factors, y if column == "forecast" else np.zeros(len(y)))
    out[LINEAR] = predictors.by_linear(y, inputs, split, lstm.length, column)
    out[LSTM] = predictors.by_lstm(y, inputs, split, column, lstm)
    base = base_model(tuple(out))
    rest = predictors.by_lstm(y - _known(out[base].predicted), inputs, split, column, lstm)
    out[f"{base} + {LSTM}"] = predictors.Chosen(out[base].predicted + rest.predicted, rest.setting)
    level = np.full(len(y), y[: split.train].mean())
    out[MEAN] = predictors.Chosen(level, "")
    out[ZERO] = predictors.Chosen(np.zeros(len(y)), "")
    return out


def base_model(models: tuple[str, ...]) -> str:
    """The largest factor model of a column: the one that others are held against."""
    found = (m for name in reversed(PAPER) for m in models if m in (name, f"{name}, mean of factors"))
    return next(found, models[0])


def _known(values: FloatArray) -> FloatArray:
    """Values with 0 where there is no prediction yet, on dates that no model is judged on."""
    return np.nan_to_num(values, nan=0.0)


def _inputs(factors: Mapping[str, Factors], own: FloatArray) -> FloatArray:
    """(T, I) every factor of every model once, and ``own`` (T,)."""
    columns: dict[str, FloatArray] = {}
    for table in reversed(list(factors.values())):  # the largest model's market and value, if files differ
        for k, name in enumerate(table.names):
            columns.setdefault("SMB" if name == "SMB3" else name, table.values[:, k])
    return np.column_stack([*columns.values(), own])


def _column(
    column: Column, found: Sequence[Mapping[str, predictors.Chosen]], sectors: tuple[str, ...], length: int
) -> Predicted:
    """The models of a column, on the same dates."""
    models = tuple(found[0])
    values = np.stack([np.column_stack([one[model].predicted for one in found]) for model in models])
    values[:, : length - 1 + (column == "forecast")] = np.nan
    settings = {
        (model, sector): one[model].setting
        for sector, one in zip(sectors, found, strict=True)
        for model in models
        if one[model].setting
    }
    return Predicted(column, models, values, settings)


def _whole(
    portfolios: Portfolios, factors: Sequence[Factors]
) -> tuple[FloatArray, DateArray, tuple[str, ...]]:
    """Excess returns and dates on which everything is known, and how many are not."""
    tables, shared = together({str(k): f for k, f in enumerate(factors)}, portfolios.dates)
    returns = portfolios.values[np.isin(portfolios.dates, shared)]
    known = np.isfinite(returns).all(axis=1)
    for table in tables.values():
        known &= np.isfinite(table.values).all(axis=1) & np.isfinite(table.risk_free)
    dates = shared[known]
    if len(dates) < _LEAST:
        raise DataGapError(
            f"Returns and factors must be known together on at least {_LEAST} dates; they are on "
            f"{len(dates)} of {len(shared)} common ones."
        )
    notes = [f"{len(dates)} common dates, {dates[0]} to {dates[-1]}."]
    if len(dates) < len(shared):
        notes.append(f"{len(shared) - len(dates)} common dates lack a factor or a return and are left out.")
    return returns[known], dates, tuple(notes)


def _silent(stage: str, done: int, total: int) -> None:
    """No progress."""
