"""``evaluate``: the judgement of scores made elsewhere, or of a finished run once more.

1. read the panel    2. read the scores onto its dates and stocks    3. judge each score, and all of them as
trials of one another
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jqfast.config import Config
from jqfast.data.codes import places_of
from jqfast.data.panel import Panel
from jqfast.errors import DataGapError, closest
from jqfast.evaluate.metrics import METRICS
from jqfast.finished import open_run
from jqfast.judge import Judgement, judge
from jqfast.learn.labels import Labels, make_labels
from jqfast.learn.walk_forward import Predictions
from jqfast.ledger import Trials, shared_months
from jqfast.types import DateArray, FloatArray, IntArray

_KEYS = ("date", "code")


@dataclass(frozen=True, eq=False)
class Evaluated:
    """``judgements`` by score; ``trials`` are all of them; ``notes`` say what could not be used."""

    judgements: Mapping[str, Judgement]
    trials: Trials
    notes: tuple[str, ...]

    @property
    def metrics(self) -> dict[str, Any]:
        """Everything as plain values; the definitions once."""
        told = {
            name: found.metrics | {"trials": found.trial_metrics(self.trials)}
            for name, found in self.judgements.items()
        }
        for metrics in told.values():
            del metrics["definitions"]
        return {"scores": told, "notes": list(self.notes), "definitions": dict(METRICS)}


def evaluate_scores(
    panel: Panel, scores: Mapping[str, FloatArray], config: Config, notes: Sequence[str] = ()
) -> Evaluated:
    """Judge scores on the returns of every horizon of a configuration.

    Parameters
    ----------
    panel : Panel
    scores : name -> (T, N) score known at the decision of each row, NaN for none
    config : its ``labels`` and ``portfolio`` are used
    notes : carried along

    Raises
    ------
    ValueError
        If a shape does not fit.
    DataGapError
        If there is no score, or one has no value.
    """
    labels = _labels(panel, config)
    if not scores:
        raise DataGapError("There is no score to judge: give a column beside `date` and `code`.")
    found: dict[str, Judgement] = {}
    for name, values in scores.items():
        if values.shape != panel.shape:
            raise ValueError(f"Score `{name}` must have the panel's shape {panel.shape}; got {values.shape}.")
        known = np.isfinite(values)
        if not known.any():
            raise DataGapError(f"Score `{name}` has no value on the dates and stocks of the prices.")
        stacked = np.broadcast_to(values, (len(labels.horizons), *values.shape))  # float64: no new ties
        rows = np.where(known.any(axis=1), 0, -1)
        made = Predictions(panel.dates, panel.codes, labels.horizons, stacked, rows, (name,))
        found[name] = judge(panel, labels, made, config.portfolio)
    return Evaluated(found, _trials(list(found.values())), tuple(notes))


def evaluate_run(folder: Path) -> Evaluated:
    """Judge the predictions of a finished run once more, with the code and the data of today.

    Raises
    ------
    FileNotFoundError
        If it is no run folder.
    DataGapError
        If the run is not finished, or its data are no longer there as they were.
    """
    run = open_run(folder)
    panel, old = run.panel, run.predictions
    scores = np.full((len(old.horizons), *panel.shape), np.nan, dtype=np.float32)
    rows = np.full(len(panel.dates), -1)
    scores[:, : len(old.dates), run.stocks] = old.scores
    rows[: len(old.dates)] = old.fold_of_row
    made = Predictions(panel.dates, panel.codes, old.horizons, scores, rows, old.folds)
    found = judge(panel, _labels(panel, run.config), made, run.config.portfolio)
    return Evaluated({run.config.run_name: found}, _trials([found]), ())


def read_scores(path: Path, panel: Panel) -> tuple[dict[str, FloatArray], tuple[str, ...]]:
    """Scores of a CSV or Parquet file with the columns date, code (of four or five characters, text or whole
    numbers) and one per score.

    Returns
    -------
    name -> (T, N) scores on the panel's axes, and notes on rows that have no place there

    Raises
    ------
    ValueError
        If a column is missing or holds no numbers, or a date and code stand twice.
    DataGapError
        If no row has a date and code of the panel.
    """
    import pandas as pd

    frame = (
        pd.read_parquet(path)
        if path.suffix.lower() in (".parquet", ".pq")
        else pd.read_csv(path, dtype={"code": str})
    )
    for key in _KEYS:
        if key not in frame.columns:
            raise ValueError(
                f"`{path}` has no column `{key}`.{closest(key, list(map(str, frame.columns)))} Scores are a "
                "table of `date`, `code` and a column per score."
            )
    date = pd.to_datetime(frame["date"]).to_numpy().astype("datetime64[D]")
    row, stock = _rows(panel.dates, date), places_of(panel.codes, frame["code"].astype(str).to_numpy())
    inside = (row >= 0) & (stock >= 0)
    if not inside.any():
        raise DataGapError(
            f"No row of `{path}` has a date and a code of the prices, which run from {panel.dates[0]} to "
            f"{panel.dates[-1]} with codes such as {', '.join(panel.codes[:3])}."
        )
    cell = row[inside] * len(panel.codes) + stock[inside]
    if len(np.unique(cell)) < len(cell):
        raise ValueError(f"`{path}` has a date and code more than once; keep one row of each.")
    scores = {}
    for name in (str(column) for column in frame.columns if column not in _KEYS):
        if not pd.api.types.is_numeric_dtype(frame[name]):
            raise ValueError(f"Column `{name}` of `{path}` must hold numbers; it holds {frame[name].dtype}.")
        scores[name] = np.full(panel.shape, np.nan)
        scores[name][row[inside], stock[inside]] = frame[name].to_numpy(dtype=np.float64)[inside]
    outside = int((~inside).sum())
    lost = f"{outside:,} of {len(frame):,} rows have a date or code without prices and were left out."
    return scores, (lost,) if outside else ()


def _labels(panel: Panel, config: Config) -> Labels:
    """The returns that a configuration judges by."""
    options = config.labels
    return make_labels(
        panel,
        options.horizons,
        start=options.start,
        unit=options.unit,
        delisting_return=options.delisting_return,
    )


def _rows(dates: DateArray, wanted: DateArray) -> IntArray:
    """Row of each date, -1 for those that are not there."""
    at = np.minimum(np.searchsorted(dates, wanted), len(dates) - 1)
    return np.asarray(np.where(dates[at] == wanted, at, -1))


def _trials(found: list[Judgement]) -> Trials:
    """All scores as trials of one another, on the months that they share."""
    ratios = tuple(one.monthly_sharpe for one in found)
    return Trials(ratios, shared_months([one.monthly_returns for one in found]))
