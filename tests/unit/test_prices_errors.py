"""Bad input: one clear error each, that says what, the rule, what came and how to mend it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jqfast.data import read_prices
from jqfast.data.quality import summarise
from jqfast.errors import DataGapError

Change = Callable[[pd.DataFrame], Any]


def put(column: str, value: object, row: int = 4) -> Change:
    """A change that writes one value into one row of a column."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        if isinstance(value, str):
            frame = frame.astype({column: object})
        frame.loc[row, column] = value
        return frame

    return change


BAD_TABLES: dict[str, tuple[Change, type[Exception], str]] = {
    "missing column": (
        lambda f: f.drop(columns="close"),
        ValueError,
        r"`close` is missing\. Understood names: close, c, .*終値.*The table has: date, code, open",
    ),
    "misspelt column": (
        lambda f: f.rename(columns={"volume": "volumne"}),
        ValueError,
        r"`volume` is missing.*Is it `volumne`\? Rename that column",
    ),
    "missing code": (
        lambda f: f.drop(columns="code"),
        ValueError,
        r"`code` is missing.*pass its code: `code=\"7203\"`",
    ),
    "missing date": (lambda f: f.drop(columns="date"), ValueError, r"`date` is missing.*日付"),
    "two closes": (lambda f: f.assign(終値=1.0), ValueError, r"Columns `close` and `終値` both mean `close`"),
    "repeated row": (
        lambda f: pd.concat([f, f[3:4], f[3:5]]),
        DataGapError,
        r"must stand once; 2 stand more often: 2024-01-09 0130 \(3 rows\), 2024-01-10 0130 \(2 rows\)",
    ),
    "date in words": (
        put("date", "soon"),
        ValueError,
        r"`date` must hold dates such as 2025-09-29.*; 1 rows do not: row 5: 'soon'",
    ),
    "day that is none": (
        lambda f: f.assign(date="2024-02-30"),
        ValueError,
        r"22 rows do not: row 1: '2024-02-30'.*12 more",
    ),
    "american date": (lambda f: f.assign(date="9/29/2025"), ValueError, r"row 1: '9/29/2025'"),
    "missing date cell": (
        put("date", pd.NaT),
        ValueError,
        r"`date` must hold a date in each row; missing in rows 5\.",
    ),
    "time zone": (
        lambda f: f.assign(date=f["date"].dt.tz_localize("Asia/Tokyo")),
        ValueError,
        r"without a time zone; got timestamp\[us, tz=Asia/Tokyo\].*tz_localize\(None\)",
    ),
    "time zone in text": (
        lambda f: f.assign(date=f["date"].astype(str) + "T00:00:00+09:00"),
        ValueError,
        r"without a time zone; got 2024-01-04T00:00:00\+09:00",
    ),
    "time zone zulu": (
        lambda f: f.assign(date=f["date"].astype(str) + "T15:00:00Z"),
        ValueError,
        "without a time zone",
    ),
    "dates as flags": (lambda f: f.assign(date=True), TypeError, "`date` must hold dates; got bool"),
    "high below low": (
        put("high", 1.0),
        DataGapError,
        r"1 rows contradict themselves:\n  2024-01-10 0130: open [\d.]+ high 1 low .* volume \d+ "
        r"\(high is below low; .*\)\nMend them, or go on without them: `bad=\"null\"`",
    ),
    "open outside": (put("open", 5000.0), DataGapError, r"open 5000 .*\(open is outside \[low, high\]\)"),
    "close outside": (put("close", 5000.0), DataGapError, r"close 5000 .*\(close is outside \[low, high\]\)"),
    "zero price": (put("low", 0.0), DataGapError, r"low 0 .*\(a price is not above 0"),
    "negative price": (put("close", -3.0), DataGapError, r"close -3 .*\(a price is not above 0"),
    "endless price": (put("high", np.inf), DataGapError, r"high inf .*\(a price is not above 0"),
    "negative volume": (
        put("volume", -100.0),
        DataGapError,
        r"volume -100 \(volume or turnover is negative\)",
    ),
    "negative turnover": (put("turnover", -1.0), DataGapError, r"volume or turnover is negative"),
    "text in a number": (
        put("close", "tbd"),
        ValueError,
        r"`close` must hold numbers; 1 cells hold text: row 5: 'tbd'\. .*`bad=\"null\"`",
    ),
    "decimal comma": (put("close", "1,5"), ValueError, r"row 5: '1,5'"),
    "lists as numbers": (
        lambda f: f.assign(volume=[[1]] * len(f)),
        TypeError,
        "`volume` must hold numbers; got list",
    ),
    "missing code cell": (
        put("code", None),
        ValueError,
        r"`code` must hold a code in each row; missing in rows 5",
    ),
    "blank code": (put("code", " "), ValueError, r"missing in rows 5"),
    "broken code": (lambda f: f.assign(code=1301.5), ValueError, r"got row 1: 1301\.5, .*Read codes as text"),
    "zero factor": (
        lambda f: f.assign(adj_factor=0.0),
        DataGapError,
        r"`adj_factor` must be above 0 .*; 22 are not: 2024-01-04 0130: 0\.0",
    ),
    "no rows": (lambda f: f[:0], DataGapError, r"must hold prices; memory has no rows"),
    "no frame": (lambda _: 7, TypeError, r"`source` must be a path, .* got int"),
    "unequal columns": (
        lambda _: {"date": [1, 2], "code": [1]},
        ValueError,
        "equally long; got date 2, code 1",
    ),
    "wide without dates": (lambda f: {"close": f[["open"]]}, ValueError, "`open` is missing"),
    "wide row numbers": (
        lambda f: dict.fromkeys(["open", "high", "low", "close", "volume"], f[["open"]]),
        ValueError,
        "wide frame of `open` must have dates as its index",
    ),
    "wide repeated day": (
        lambda f: dict.fromkeys(["open", "high", "low", "close", "volume"], f.set_index("date")[["open"]]),
        DataGapError,
        "wide frame of `open` repeats the dates 2024-01-04",
    ),
    "levels of nothing": (
        lambda f: pd.concat({"a": f, "b": f}, axis=1).rename(columns=lambda c: f"x{c}"),
        ValueError,
        r"must be \(field, code\) or \(code, field\)",
    ),
}


@pytest.mark.parametrize("kind", BAD_TABLES)
def test_bad_table(kind: str, bars: pd.DataFrame) -> None:
    change, error, message = BAD_TABLES[kind]
    with pytest.raises(error, match=r"(?s)" + message):
        read_prices(change(bars))


def cut(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4 : len(data) // 2] = bytes(len(data) // 2 - 4)
    path.write_bytes(bytes(data))


def test_parquet_cut_in_half(bars: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "half.parquet"
    bars.to_parquet(path)
    cut(path, 0.5)
    with pytest.raises(
        DataGapError, match=r"complete Parquet file; .*half\.parquet is cut off.*Write or download"
    ):
        read_prices(path)


def test_parquet_damaged_inside(bars: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "damaged.parquet"
    bars.to_parquet(path)
    damage(path)
    with pytest.raises(DataGapError, match=r"damaged\.parquet is cut off or damaged"):
        read_prices(path)


def test_gzip_cut_in_half(bars: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "half.csv.gz"
    bars.to_csv(path, index=False)
    cut(path, 0.5)
    with pytest.raises(DataGapError, match=r"complete file; .*half\.csv\.gz is cut off"):
        read_prices(path)


BAD_FILES = {
    "empty": ("prices.csv", b"", DataGapError, r"prices\.csv is empty \(0 bytes\)"),
    "empty parquet": ("prices.parquet", b"", DataGapError, r"prices\.parquet is empty \(0 bytes\)"),
    "blank lines": ("prices.csv", b"\n\n \n", DataGapError, r"prices\.csv is empty"),
    "header only": (
        "prices.csv",
        b"date,code,open,high,low,close,volume\n",
        DataGapError,
        r"prices\.csv has no rows",
    ),
    "no parquet": ("prices.parquet", b"date,code\n", DataGapError, "complete Parquet file"),
    "excel": ("prices.xlsx", b"PK\x03\x04rest", ValueError, "is an Excel or zip file. Save it as CSV"),
    "uneven lines": (
        "prices.csv",
        b"date,code,open,high,low,close,volume\n2024-01-04,1,1,1,1,1\n",
        ValueError,
        r"equally many cells in each line; .*prices\.csv.*Expected 7 columns, got 6",
    ),
    "seven columns": (
        "prices.tsv",
        b"2024/01/04\t1\t1\t1\t1\t1\t9\n",
        ValueError,
        r"must have the 6 columns Date Open High Low Close Volume; .* has 7",
    ),
    "two closes": (
        "prices.csv",
        b"date,code,close,Close\n2024-01-04,1,1,1\n",
        ValueError,
        "both mean `close`",
    ),
    "text in a number": (
        "prices.csv",
        b"date,code,open,high,low,close,volume\n2024-01-04,1,1,1,1,x1,1\n",
        ValueError,
        r"`close` must hold numbers; 1 cells hold text: row 1: 'x1'",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_bad_file(kind: str, tmp_path: Path) -> None:
    name, content, error, message = BAD_FILES[kind]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message):
        read_prices(tmp_path / name)


def test_wrong_path_names_the_closest_file(tmp_path: Path) -> None:
    (tmp_path / "prices.parquet").touch()
    with pytest.raises(
        FileNotFoundError, match=r"price\.parquet does not exist\. Did you mean `prices\.parquet`\?"
    ):
        read_prices(tmp_path / "price.parquet")
    with pytest.raises(FileNotFoundError, match=r"does not exist\. There is no folder .*nowhere\."):
        read_prices(str(tmp_path / "nowhere" / "prices.csv"))
    with pytest.raises(IsADirectoryError, match=r"is a folder\. Name one file in it"):
        read_prices(tmp_path)


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests may run as root, whom no mode bits stop.
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "prices.csv").write_text("date")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PermissionError, match=r"no permission to read .*prices\.csv\. Run: chmod u\+r"):
        read_prices(tmp_path / "prices.csv")


def test_options(bars: pd.DataFrame) -> None:
    with pytest.raises(
        ValueError, match=r"Unknown value of `bad` `nul`\. Did you mean `null`\? Known: error, null"
    ):
        read_prices(bars, bad="nul")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"`session_share` must be between 0 and 1.*got 5"):
        read_prices(bars, session_share=5)
    with pytest.raises(ValueError, match=r"this one has them in `code`\. Leave `code` out"):
        read_prices(bars, code="7203")
    with pytest.raises(ValueError, match="wide frames carry codes in their columns"):
        read_prices({"close": bars.pivot(index="date", columns="code", values="close")}, code="7203")


def test_null_goes_on_without_bad_rows_and_counts_them(bars: pd.DataFrame) -> None:
    bars.loc[4, "high"] = 1.0
    bars.loc[10, "close"] = -1.0
    panel, clean = read_prices(bars, bad="null"), read_prices(bars.drop([4, 10]))
    assert panel.info.counts["bad_rows"] == summarise(panel)["bad_rows"] == 2
    assert any("2 rows that contradict themselves are left out" in note for note in panel.info.notes)
    np.testing.assert_array_equal(panel["close"], clean["close"])
    np.testing.assert_array_equal(panel.listed, clean.listed)
    # A row that cannot be believed has no known volume either; a missing row is no trade.
    assert np.isnan(panel["volume"][4, 0])
    assert clean["volume"][4, 0] == 0.0


def test_null_reads_text_as_missing_and_counts_it(bars: pd.DataFrame) -> None:
    broken = bars.astype({"turnover": object})
    broken.loc[[4, 5], "turnover"] = ["about 5", "n.a."]
    panel = read_prices(broken, bad="null")
    assert panel.info.counts["text_cells"] == 2
    assert panel["turnover"][4, 0] == bars.loc[4, "close"] * bars.loc[4, "volume"]


def test_words_for_missing_are_missing(bars: pd.DataFrame) -> None:
    words = ["", "-", "*", "－", " ", "nan", "---", "N/A"]
    text = bars.astype(str)
    text.loc[range(8), "turnover"] = words
    panel = read_prices(text)
    assert panel.info.counts["turnover_approximated_cells"] == len(words)


def test_bounds_leave_room_for_rounding(bars: pd.DataFrame) -> None:
    bars.loc[4, "high"] = bars.loc[4, "close"] = bars.loc[4, "open"] + 50.0
    bars.loc[4, "high"] *= 1 - 3e-7
    assert read_prices(bars).info.counts["bad_rows"] == 0
    bars.loc[4, "high"] *= 1 - 3e-6
    with pytest.raises(DataGapError, match="close is outside"):
        read_prices(bars)


def test_only_ten_rows_are_listed(bars: pd.DataFrame) -> None:
    with pytest.raises(DataGapError, match=r"(?s)22 rows contradict.*and 12 more") as caught:
        read_prices(bars.assign(high=1.0))
    assert str(caught.value).count("high is below low") == 10


def test_unknown_columns_are_named_once(bars: pd.DataFrame, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="jqfast"):
        panel = read_prices(
            bars.assign(beta=1.0, colour="red", MorningClose=1.0, AAdjVo=2.0, MktCap=3.0, ExRT="")
        )
    assert [record.getMessage() for record in caplog.records] == [
        "Unknown columns are ignored: `beta`, `colour`."
    ]
    assert panel.info.notes.count("Unknown columns are ignored: `beta`, `colour`.") == 1
