"""Writes ``evaluation_peers.json``: figures of alphalens, empyrical and scipy on real prices.

    python -m venv peers && peers/bin/pip install alphalens-reloaded==0.5.1 empyrical-reloaded==0.7.1
    JQFAST_REAL_DATA=... peers/bin/python tests/golden/make_evaluation_peers.py

The two libraries bring a notebook shell and a plotting stack with them, so that the tests read their figures
from the file. The score is the reversal of the last five closes, the return that of the next five closes, on
the sessions and stocks of ``SLICE``; the series of returns is the daily difference of the outer fifths.
Nothing of jqfast is imported here.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

#: First and last date, and every how-many-th code of the sorted list.
SLICE = ("2020-06-01", "2021-05-31", 16)
HORIZON, QUANTILES = 5, 5
HERE = Path(__file__).parent


def closes(folder: str) -> pd.DataFrame:
    """Wide closes of the slice; the date without a single trade, the outage of the exchange, is left out."""
    frame = pd.read_parquet(Path(folder) / "jp_daily.parquet", columns=["code", "date", "close"])
    frame["date"] = pd.to_datetime(frame["date"])
    codes = sorted(frame["code"].unique())[:: SLICE[2]]
    inside = frame["code"].isin(codes) & frame["date"].between(*SLICE[:2])
    wide = frame[inside].pivot(index="date", columns="code", values="close").astype(np.float64)
    return wide.dropna(how="all")


def factor_data(wide: pd.DataFrame) -> pd.DataFrame:
    """What alphalens judges: score, forward return and quantile of every date and stock with both."""
    score = -(wide / wide.shift(HORIZON) - 1.0)
    later = wide.shift(-HORIZON) / wide - 1.0
    data = pd.DataFrame({f"{HORIZON}D": later.stack(), "factor": score.stack()}).dropna()
    data.index.names = ["date", "asset"]
    rank = data.groupby("date")["factor"].rank()
    count = data.groupby("date")["factor"].transform("count")
    # Every library has its own rule for the edges of quantiles; membership is given, its means are compared.
    data["factor_quantile"] = (np.floor(QUANTILES * (rank - 0.5) / count) + 1).astype(int)
    return data


def main() -> None:
    import alphalens.performance as alphalens
    import empyrical
    from scipy import stats

    wide = closes(os.environ["JQFAST_REAL_DATA"])
    data = factor_data(wide)
    ic = alphalens.factor_information_coefficient(data)[f"{HORIZON}D"]
    means, _ = alphalens.mean_return_by_quantile(data, by_date=False, demeaned=False)
    by_date, _ = alphalens.mean_return_by_quantile(data, by_date=True, demeaned=False)
    spread = by_date[f"{HORIZON}D"].unstack("factor_quantile")
    daily = (spread[QUANTILES] - spread[1]) / HORIZON
    found: dict[str, Any] = {
        "slice": list(SLICE),
        "dates": len(ic),
        "pairs": len(data),
        "first_and_last": [str(ic.index[0].date()), str(ic.index[-1].date())],
        "rank_ic": ic.tolist(),
        "quantile_means": means[f"{HORIZON}D"].tolist(),
        "spread": daily.tolist(),
        "annual_return": empyrical.annual_return(daily),
        "annual_volatility": empyrical.annual_volatility(daily),
        "sharpe": empyrical.sharpe_ratio(daily),
        "sortino": empyrical.sortino_ratio(daily),
        "max_drawdown": empyrical.max_drawdown(daily),
        "total_return": empyrical.cum_returns_final(daily),
        "ic_mean_t": stats.ttest_1samp(ic, 0.0).statistic,
    }
    versions = {"alphalens-reloaded": "0.5.1", "empyrical-reloaded": empyrical.__version__}
    found["versions"] = {**versions, "pandas": pd.__version__, "numpy": np.__version__}
    (HERE / "evaluation_peers.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
