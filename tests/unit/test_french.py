"""Files of Kenneth French's library: several blocks, both line ends, missing values, no header."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from jqfast.data.french import read_french
from jqfast.errors import DataGapError

TEXT = """This file was created by hand, it has a comma.\r
Missing data are indicated by -99.99 or -999.\r
\r
  Average Value Weighted Returns -- Monthly\r
,Agric,Food \r
192607,   2.37, -99.99\r
192608,   -999,   2.68\r
\r
  Number of Firms\r
,Agric,Food \r
  1927,      3,      9\r
\r
Copyright 2021 Kenneth R. French\r
"""


def test_blocks_titles_and_missing_values(tmp_path: Path) -> None:
    path = tmp_path / "some.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("some.CSV", TEXT)
    file = read_french(path)
    assert [(b.title, b.frequency) for b in file.blocks] == [
        ("Average Value Weighted Returns -- Monthly", "monthly"),
        ("Number of Firms", "annual"),
    ]
    block = file.block("monthly")
    assert block.names == ("Agric", "Food")
    assert block.dates.astype(str).tolist() == ["1926-07-31", "1926-08-31"]
    assert np.array_equal(block.values, [[2.37, np.nan], [np.nan, 2.68]], equal_nan=True)
    assert file.block("annual", "firms")["Food"].tolist() == [9.0]
    assert file.about.startswith("This file was created by hand")


def test_without_header(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("19900702,0.85,0.38\n19900703,0.07,0.72\n")
    assert read_french(path).blocks[0].names == ("c1", "c2")
    assert read_french(path, names=["Mkt-RF", "SMB"]).block("daily")["SMB"].tolist() == [0.38, 0.72]
    with pytest.raises(DataGapError, match="2 values for the 1 columns"):
        read_french(path, names=["Mkt-RF"])


def test_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("nothing here\n")
    with pytest.raises(DataGapError, match="holds no table"):
        read_french(path)
    path.write_text("192607,1\n")
    with pytest.raises(ValueError, match=r"has no daily block.*monthly: no title"):
        read_french(path).block("daily")
    with pytest.raises(ValueError, match="Unknown column `c9`"):
        read_french(path).blocks[0]["c9"]


@pytest.mark.parametrize(
    ("name", "frequency", "column", "day", "value", "rows"),
    [
        ("F-F_Research_Data_Factors_daily_CSV", "daily", "Mkt-RF", "1987-10-19", -17.44, 25272),
        ("F-F_Research_Data_5_Factors_2x3_daily_CSV", "daily", "Mkt-RF", "2020-03-16", -12.00, 14852),
        ("F-F_Research_Data_Factors_CSV", "monthly", "Mkt-RF", "2008-10-31", -17.23, 1151),
        ("F-F_Research_Data_5_Factors_2x3_CSV", "monthly", "HML", "1963-08-31", 1.70, 751),
        ("F-F_Momentum_Factor_CSV", "monthly", "Mom", "2009-04-30", -34.3, 1145),
        ("Japan_5_Factors_Daily_CSV", "daily", "RF", "1990-07-02", 0.03, 8349),
        ("Japan_3_Factors_Daily_CSV", "daily", "Mkt-RF", "1990-07-02", 0.85, 8349),
        ("Japan_Mom_Factor_Daily_CSV", "daily", "WML", "2022-06-30", -0.23, 8259),
        ("Japan_5_Factors_CSV", "monthly", "Mkt-RF", "1990-09-30", -17.38, 392),
        ("5_Industry_Portfolios_daily_CSV", "daily", "HiTec", "1926-07-01", -0.11, 25690),
        ("10_Industry_Portfolios_daily_VW", "daily", "Utils", "2020-10-28", -2.95, 24854),
        ("48_Industry_Portfolios_CSV", "monthly", "Agric", "1926-07-31", 2.37, 1138),
    ],
)
def test_real_files(
    real_data: Path, name: str, frequency: str, column: str, day: str, value: float, rows: int
) -> None:
    block = read_french(real_data / "french" / f"{name}.zip").block(frequency)  # type: ignore[arg-type]
    at = {str(d): k for k, d in enumerate(block.dates)}
    assert block[column][at[day]] == pytest.approx(value, abs=0.05 if value == -34.3 else 1e-9)
    assert len(block.dates) == rows


def test_missing_cells_of_the_industries(real_data: Path) -> None:
    file = read_french(real_data / "french" / "48_Industry_Portfolios_CSV.zip")
    assert np.isnan(file.block("monthly", "value weighted").values).sum() == 2400
    titles = [block.title for block in file.blocks]
    assert len(titles) == len(set(titles)) == 8
