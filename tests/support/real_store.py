"""The real data of the tests as a store: the same rows that the API would have given.

`jp_raw_daily` becomes daily bars, `jp_statements` statement summaries, the list of issues of 2023 the issue
list of one day. What the files do not hold stays null; a profit makes a row a result, nothing else is known
of the kind of document.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

#: A split of each kind, and stocks without one.
CODES = ("2914", "4502", "6501", "7203", "7974", "8306", "9432", "9433", "9984", "8411", "6758", "4503")
PRICES = ("open", "high", "low", "close")


def bars(folder: Path, codes: tuple[str, ...] = CODES, start: str = "2000-01-01") -> pd.DataFrame:
    """Rows of ``equities_bars_daily``."""
    raw = pd.read_parquet(folder / "jp_raw_daily.parquet", filters=[("code", "in", list(codes))])
    raw = raw[pd.to_datetime(raw["date"]) >= pd.Timestamp(start)]
    price = {short: raw[name].astype(float) for short, name in zip("OHLC", PRICES, strict=True)}
    return pd.DataFrame(
        {
            "Date": raw["date"],
            "Code": raw["code"].astype(str) + "0",
            **price,
            "Vo": raw["volume"].astype(float),
            "AdjFactor": raw["adj_factor"],
        }
    )


def adjusted_bars(folder: Path, codes: tuple[str, ...] = CODES) -> pd.DataFrame:
    """Rows of ``equities_bars_daily`` from prices that were delivered adjusted: no factor is known."""
    raw = pd.read_parquet(folder / "jp_daily.parquet", filters=[("code", "in", list(codes))])
    price = {short: raw[name].astype(float) for short, name in zip("OHLC", PRICES, strict=True)}
    volume = raw["volume"].where(raw["close"].notna()).astype(float)
    return pd.DataFrame(
        {"Date": raw["date"], "Code": raw["code"].astype(str) + "0", **price, "Vo": volume, "AdjFactor": 1.0}
    )


def statements(folder: Path) -> pd.DataFrame:
    """Rows of ``fins_summary``."""
    raw = pd.read_parquet(folder / "jp_statements.parquet")
    result = raw["profit"].notna()
    number = raw.groupby(["code", "disclosed_date", "disclosed_time"]).cumcount()
    day = raw["disclosed_date"].astype(str).str.replace("-", "")
    clock = raw["disclosed_time"].str.replace(":", "")
    return pd.DataFrame(
        {
            "DiscDate": raw["disclosed_date"],
            "DiscTime": raw["disclosed_time"],
            "Code": raw["code"].astype(str) + "0",
            "DiscNo": day + clock + raw["code"].astype(str) + number.astype(str),
            "DocType": np.where(
                result, "OtherPeriodFinancialStatements_Consolidated_JP", "DividendForecastRevision"
            ),
            "NP": raw["profit"],
            "EPS": raw["eps"],
            "BPS": raw["bps"],
            "FDivAnn": raw["fdiv_annual"],
        }
    )


def master(folder: Path) -> pd.DataFrame:
    """Rows of ``equities_master`` of 2023-03-14."""
    raw = pd.read_csv(folder / "jquants_listed_info_2023-03-14.csv", dtype=str)
    return raw.rename(
        columns={
            "CompanyName": "CoName",
            "CompanyNameEnglish": "CoNameEn",
            "Sector17Code": "S17",
            "Sector17CodeName": "S17Nm",
            "Sector33Code": "S33",
            "Sector33CodeName": "S33Nm",
            "ScaleCategory": "ScaleCat",
            "MarketCode": "Mkt",
            "MarketCodeName": "MktNm",
        }
    )
