"""The real data of the tests as a store: the same rows that the API would have given.

`jp_raw_daily` becomes daily bars, `jp_statements` statement summaries, the list of issues of 2023 the issue
list of one day. What the files do not hold stays null; a profit makes a row a result, nothing else is known
of the kind of document. Indices, the yen and yields lie in the store's folder as they are, each with a
declaration of when they were known.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

#: A split of each kind, and stocks without one.
CODES = ("2914", "4502", "6501", "7203", "7974", "8306", "9432", "9433", "9984", "8411", "6758", "4503")
PRICES = ("open", "high", "low", "close")
#: File -> its declaration.
DECLARED = {
    "index_fx_daily": """
[[series]]
columns = {spx = "close"}
where = {symbol = "SPX"}
release = "new_york_close"

[[series]]
columns = {usdjpy = "close"}
where = {symbol = "USDJPY"}
release = "fx_close"

[[series]]
columns = {n225 = "close"}
where = {symbol = "N225"}
release = "tokyo_close"
""",
    "jgb_yields_daily": """
[[series]]
columns = {jgb2 = "2Y", jgb10 = "10Y"}
release = "jgb_yields"
""",
}


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


def outside(folder: Path, store: Path) -> None:
    """The declared tables in a store's folder for them, as they are."""
    (store / "external").mkdir()
    for name, text in DECLARED.items():
        shutil.copy(folder / f"{name}.parquet", store / "external")
        (store / "external" / f"{name}.toml").write_text(text, encoding="utf-8")


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
