"""``jqfast compare``: factor models against an LSTM by sector, from data to a table and a folder.

1. Sources: Kenneth French's files, prices with his factors for Japan (in yen) or their own, or a store.
2. ``jqfast.factors.compare`` predicts, ``jqfast.evaluate`` judges the last 30 %, once.
3. The folder: table.csv and table.parquet, predictions.parquet, comparison.json, a figure per column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from jqfast.data.panel import Panel
from jqfast.errors import DataGapError, unknown
from jqfast.factors import build, in_yen, read_factors, read_industries, sector_portfolios, with_neighbours
from jqfast.factors.compare import (
    LSTM,
    PAPER,
    CompareConfig,
    Comparison,
    Predicted,
    Tell,
    base_model,
    predict,
)
from jqfast.factors.predictors import LstmOptions
from jqfast.factors.sorts import by_size
from jqfast.factors.table import Factors, Frequency, Portfolios, Rate, compound_months
from jqfast.types import DateArray, FloatArray

#: The columns of the table.
HEADINGS = (
    *("column", "part", "sector", "model", "r2", "r2_low", "r2_high", "rmse_pct", "mae_pct", "n"),
    *("dm_t", "dm_p", "dm_against", "setting"),
)
#: Dates of a sequence and samples of a step, by frequency.
_LENGTH = {"daily": 20, "monthly": 12}
_BATCH = {"daily": 300, "monthly": 64}


@dataclass(frozen=True)
class Request:
    """What to compare on.

    Parameters
    ----------
    french : folder of Kenneth French's files; alone: US industries; with prices or a store: Japan's factors
    prices, sectors : file of daily prices, list of issues with codes and sectors
    store, universe : folder of a store, its universe
    groups : ``sector33=group`` pairs laid over the sector groups
    frequency : ``"daily"`` or ``"monthly"``
    industries : of the French file
    usdjpy : file with dates and yen per dollar, for Japan's factors
    risk_free : the yen's rate in percent a year: a number, or a file with dates and percents; for US data the
        files' own rate holds
    config : how; None: sequences of 20 days or 12 months
    """

    french: str = ""
    prices: str = ""
    sectors: str = ""
    store: str = ""
    universe: str = "prime"
    groups: tuple[str, ...] = ()
    frequency: Frequency = "daily"
    industries: int = 5
    usdjpy: str = ""
    risk_free: str = "0"
    config: CompareConfig | None = None


@dataclass(frozen=True, eq=False)
class Judged:
    """A comparison with its table, one mapping of :data:`HEADINGS` per row."""

    comparison: Comparison
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Data:
    """Excess returns, factors by model, the factors of the ``fit`` column where they are others."""

    portfolios: Portfolios
    models: dict[str, Factors]
    contemporaneous: dict[str, Factors] | None = None


def compare(request: Request, *, progress: Tell | None = None) -> Judged:
    """The comparison that a request asks for.

    Raises
    ------
    ValueError, DataGapError, OSError
        A source that cannot be read, data too short, factors that are missing.
    """
    if request.frequency not in _LENGTH:
        raise unknown("frequency", str(request.frequency), _LENGTH)
    data = load(request)
    options = LstmOptions(length=_LENGTH[request.frequency], batch=_BATCH[request.frequency])
    config = request.config or CompareConfig(lstm=options)
    found = predict(
        data.portfolios, data.models, config, contemporaneous=data.contemporaneous, progress=progress
    )
    notes = [*data.portfolios.notes, *(n for f in data.models.values() for n in f.notes), *found.notes]
    found = replace(found, notes=tuple(dict.fromkeys(notes)))
    return Judged(found, judge(found))


def load(request: Request) -> Data:
    """Step 1: excess returns of sectors and the factors of every model that the sources give."""
    if not (request.french or request.prices or request.store):
        raise ValueError("Name data to compare on: `--french`, `--prices` or `--store`.")
    if request.prices and request.store:
        raise ValueError("`--prices` and `--store` are two sources of prices; give one of them.")
    if request.prices or request.store:
        return _tokyo(request, _panel(request))
    models = read_factors(request.french, region="us", frequency=request.frequency)
    portfolios = read_industries(request.french, industries=request.industries, frequency=request.frequency)
    return Data(portfolios.less(models["FF3"]), models)


def _panel(request: Request) -> Panel:
    import jqfast.data as data

    if request.store:
        tables = ["fins_summary", "equities_valuation", "fins_dividend"]
        return data.open(request.store).panel(universe=request.universe, tables=tables)
    return data.read_prices(request.prices, sectors=request.sectors or None)


def _tokyo(request: Request, panel: Panel) -> Data:
    """Sectors of a panel against factors of its own, or against French's for Japan in yen."""
    portfolios = sector_portfolios(panel, _groups(request.groups))
    if request.frequency == "monthly":
        ends, growth = compound_months(portfolios.dates, portfolios.values)
        portfolios = replace(portfolios, dates=ends, values=growth, frequency="monthly")
    safe = _rate(request.risk_free)
    if not request.french:
        own = build(panel, config=by_size(panel), frequency=request.frequency, risk_free=safe)
        models = {name: own.select(name) for name in ("CAPM", *PAPER) if own.has(name)}
        if not set(models) & set(PAPER):
            raise DataGapError(
                "FF3, Carhart and FF5 need market values and accounts, which these data lack. Add "
                "`--french` with Japan's factors and `--usdjpy`, or compare on a store."
            )
        return Data(portfolios.less(own), models)
    if not request.usdjpy:
        raise ValueError(
            "Japan's factors in `--french` are in dollars: `--usdjpy` must name a file of rates."
        )
    exchange = read_series(request.usdjpy, "USDJPY")
    sessions = portfolios.dates if request.frequency == "daily" else None
    dollars = read_factors(request.french, region="japan", frequency=request.frequency)
    yen = {name: in_yen(factors, exchange, safe, sessions=sessions) for name, factors in dollars.items()}
    wide = {n: with_neighbours(f) for n, f in yen.items()} if request.frequency == "daily" else None
    return Data(portfolios.less(yen["FF3"]), yen, wide)


def _groups(pairs: tuple[str, ...]) -> dict[str, str]:
    """sector33 -> group of ``sector33=group`` pairs."""
    out = {}
    for pair in pairs:
        sector, sign, group = pair.partition("=")
        if not sign:
            raise ValueError(f"`--group` must be a sector and its group, such as 3250=HiTec; got `{pair}`.")
        out[sector.strip()] = group.strip()
    return out


def _rate(text: str) -> Rate:
    """A number, or the series of a file."""
    try:
        return float(text)
    except ValueError:
        return read_series(text, "")


def read_series(path: str, symbol: str) -> tuple[DateArray, FloatArray]:
    """Dates and values of a CSV or Parquet file with the columns date and close, rate, value, 1Y or the name
    of the symbol; where there is a column symbol, the rows of ``symbol``.

    Raises
    ------
    DataGapError
        If a column is missing or no row is left.
    """
    import pandas as pd

    table = pd.read_parquet(path) if path.lower().endswith((".parquet", ".pq")) else pd.read_csv(path)
    names = {str(name).lower(): name for name in table.columns}
    if symbol and "symbol" in names:
        table = table[table[names["symbol"]].astype(str).str.upper() == symbol]
    wanted = (symbol.lower(), "close", "rate", "value", "1y")
    value = next((names[n] for n in wanted if n in names), None)
    if "date" not in names or value is None or table.empty:
        raise DataGapError(
            f"`{Path(path).name}` must have the columns date and close (or rate, value, 1Y), and rows of "
            f"{symbol or 'them'}; it has {', '.join(map(str, table.columns[:8]))}."
        )
    table = table.sort_values(names["date"])
    days = pd.to_datetime(table[names["date"]]).to_numpy().astype("datetime64[D]")
    return days, table[value].to_numpy(np.float64)


def judge(found: Comparison) -> tuple[dict[str, Any], ...]:
    """Step 2: the rows of the table, both parts of both columns; the judged part with interval and test."""
    train = found.split.train
    parts = {"train": slice(0, train), "validation": slice(train, None)}
    return tuple(
        _row(found, column, part, span, (s, m))
        for column in found.columns
        for part, span in parts.items()
        for s in range(len(found.sectors))
        for m in range(len(column.models))
    )


def _row(
    found: Comparison, column: Predicted, part: str, span: slice, place: tuple[int, int]
) -> dict[str, Any]:
    """One sector and model of one part."""
    from jqfast.evaluate.forecasts import accuracy, diebold_mariano

    s, m = place
    sector, model, judged = found.sectors[s], column.models[m], part == "validation"
    y, predicted = found.actual[span, s], column.values[m, span, s]
    level = float(found.actual[: found.split.train, s].mean())
    got = accuracy(y, predicted, level, draws=1000 if judged else 100)
    against = base_model(column.models)
    test = None
    if judged and model != against:
        test = diebold_mariano(y, predicted, column.values[column.models.index(against), span, s])
    return {
        "column": column.column,
        "part": part,
        "sector": sector,
        "model": model,
        "r2": got.r2,
        "r2_low": got.low if judged else None,
        "r2_high": got.high if judged else None,
        "rmse_pct": 100.0 * got.rmse,
        "mae_pct": 100.0 * got.mae,
        "n": got.n,
        "dm_t": test.t if test else None,
        "dm_p": test.p if test else None,
        "dm_against": against if test else None,
        "setting": column.settings.get((model, sector), ""),
    }


def write(judged: Judged, folder: Path, request: Request) -> list[Path]:
    """Step 3: the files of a comparison, each whole or not at all; their paths."""
    import pandas as pd

    from jqfast.files import replacing
    from jqfast.provenance import facts
    from jqfast.runfolder import write_json

    found = judged.comparison
    table = pd.DataFrame(list(judged.rows), columns=list(HEADINGS))
    paths = [folder / name for name in ("table.csv", "table.parquet", "predictions.parquet")]
    with replacing(paths[0]) as temporary:
        table.to_csv(temporary, index=False)
    with replacing(paths[1]) as temporary:
        table.to_parquet(temporary, index=False)
    with replacing(paths[2]) as temporary:
        _predictions(found).to_parquet(temporary, index=False)
    for column in found.columns:
        path = folder / f"{column.column}.svg"
        with replacing(path) as temporary:
            _figure(found, column, judged.rows).savefig(temporary, format="svg")
        paths.append(path)
    write_json(
        folder / "comparison.json",
        {
            "request": request,
            "notes": found.notes,
            "dates": [str(found.dates[0]), str(found.dates[-1]), len(found.dates)],
            "fits_until": str(found.dates[found.split.train - 1]),
            "chooses_from": str(found.dates[found.split.select]),
            "trials_per_lstm": found.trials,
            "rows": judged.rows,
            **facts(),
        },
    )
    return [*paths, folder / "comparison.json"]


def _predictions(found: Comparison) -> Any:
    """Long frame: date, sector, column, model, actual, predicted; the part."""
    import pandas as pd

    part = np.where(np.arange(len(found.dates)) < found.split.train, "train", "validation")
    frames = [
        pd.DataFrame(
            {
                "date": found.dates.astype("datetime64[s]"),
                "part": part,
                "column": column.column,
                "sector": sector,
                "model": model,
                "actual": found.actual[:, s],
                "predicted": column.values[m, :, s],
            }
        )
        for column in found.columns
        for m, model in enumerate(column.models)
        for s, sector in enumerate(found.sectors)
    ]
    return pd.concat(frames, ignore_index=True)


def _figure(found: Comparison, column: Predicted, rows: tuple[Mapping[str, Any], ...]) -> Any:
    """Predicted against actual of the judged part: the reference model and the LSTM."""
    from jqfast.report.figures_compare import predicted_against_actual

    judged = slice(found.split.train, None)
    models = (base_model(column.models), LSTM)
    actual = {sector: found.actual[judged, s] for s, sector in enumerate(found.sectors)}
    predicted = {
        model: {
            sector: column.values[column.models.index(model), judged, s]
            for s, sector in enumerate(found.sectors)
        }
        for model in models
    }
    r2 = {
        (row["model"], row["sector"]): row["r2"]
        for row in rows
        if row["column"] == column.column and row["part"] == "validation"
    }
    return predicted_against_actual(actual, predicted, models, r2)[1]
