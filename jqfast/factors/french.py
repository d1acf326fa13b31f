"""Factors and industries of Kenneth R. French's data library, from a folder of its files.

In: a folder of files as they were downloaded. Out: for each model its :class:`Factors`, each from its own
file (the size factor of the five-factor file is another one than that of the three-factor file), and industry
portfolios. Percent become fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from jqfast.data.french import FrenchBlock, read_french
from jqfast.errors import DataGapError, check_range, unknown
from jqfast.factors.table import MODELS, Factors, Frequency, Portfolios, common_dates
from jqfast.types import DateArray, FloatArray

Region = Literal["us", "japan"]

_FIVE = ("Mkt-RF", "SMB", "HML", "RMW", "CMA", "RF")
#: (region, frequency) -> kind of file -> stem of its name.
_STEMS: Mapping[tuple[str, str], Mapping[str, str]] = MappingProxyType(
    {
        ("us", "daily"): {
            "three": "F-F_Research_Data_Factors_daily",
            "five": "F-F_Research_Data_5_Factors_2x3_daily",
            "momentum": "F-F_Momentum_Factor_daily",
        },
        ("us", "monthly"): {
            "three": "F-F_Research_Data_Factors",
            "five": "F-F_Research_Data_5_Factors_2x3",
            "momentum": "F-F_Momentum_Factor",
        },
        ("japan", "daily"): {
            "three": "Japan_3_Factors_Daily",
            "five": "Japan_5_Factors_Daily",
            "momentum": "Japan_Mom_Factor_Daily",
        },
        ("japan", "monthly"): {
            "three": "Japan_3_Factors",
            "five": "Japan_5_Factors",
            "momentum": "Japan_Mom_Factor",
        },
    }
)
_ENDINGS = ("_CSV.zip", ".zip", ".CSV", ".csv")
#: The groups of the paper, in the files of 5 and of 10 industries.
GROUPS = ("HiTec", "Manuf", "Other")


def read_factors(
    folder: str | Path, *, region: Region = "us", frequency: Frequency = "daily"
) -> dict[str, Factors]:
    """Each model that the files of a folder allow, with its own factors.

    Parameters
    ----------
    folder : holds files of the library, zip or CSV, under their own names
    region : ``"us"`` or ``"japan"``; the latter in US dollars, see :func:`jqfast.factors.in_yen`
    frequency : ``"daily"`` or ``"monthly"``

    Returns
    -------
    model -> Factors, on the dates that the model's files share. Without a three-factor file FF3 and Carhart
    take market, size and value of the five-factor file, and say so.

    Raises
    ------
    ValueError
        An unknown region or frequency.
    DataGapError
        Neither the three- nor the five-factor file is there, or files without a date in common.
    """
    if (region, frequency) not in _STEMS:
        raise unknown("region and frequency", f"{region} {frequency}", [" ".join(key) for key in _STEMS])
    stems, folder = _STEMS[region, frequency], Path(folder)
    found = {kind: _find(folder, stem) for kind, stem in stems.items()}
    three, five = found["three"] or found["five"], found["five"]
    if three is None:
        wanted = ", ".join(f"{stems[kind]}_CSV.zip" for kind in ("three", "five"))
        raise DataGapError(f"`{folder}` holds no factors of {region}, {frequency}: neither of {wanted}.")
    base = _table(three, frequency, ("Mkt-RF", "SMB", "HML"))
    if found["three"] is None:
        note = "SMB of FF3 and Carhart is that of the five-factor file: there is no three-factor file."
        base = Factors(base.dates, base.names, base.values, base.risk_free, frequency, base.source, (note,))
    out = {"CAPM": base.select("CAPM"), "FF3": base.select("FF3")}
    momentum = None if found["momentum"] is None else _momentum(found["momentum"], frequency)
    if momentum is not None:
        out["Carhart"] = _with(base, momentum, "Carhart")
    if five is not None:
        out["FF5"] = _table(five, frequency, MODELS["FF5"])
        if momentum is not None:
            out["FF6"] = _with(out["FF5"], momentum, "FF6")
    return out


def read_industries(
    folder: str | Path, *, industries: int = 5, frequency: Frequency = "daily", every: bool = False
) -> Portfolios:
    """Value-weighted US industry portfolios.

    Parameters
    ----------
    industries : number of industries of the file: 5, 10, 12, 17, 30, 48 or 49
    every : all of them; else the groups HiTec, Manuf and Other where the file has them by name, all where not

    Raises
    ------
    DataGapError
        If the file is not in the folder.
    """
    check_range("industries", industries, 1, 99)
    suffixes = ("_daily", "_daily_VW") if frequency == "daily" else ("",)
    stems = [f"{industries}_Industry_Portfolios{suffix}" for suffix in suffixes]
    path = next((path for stem in stems if (path := _find(Path(folder), stem)) is not None), None)
    if path is None:
        raise DataGapError(
            f"`{folder}` holds no {frequency} file of {industries} industries: {stems[0]}_CSV.zip."
        )
    file = read_french(path)
    titled = any("value weight" in block.title.lower() for block in file.blocks)
    block = file.block(frequency, "value weight" if titled else "")
    names = tuple(name.strip() for name in block.names)
    chosen = names if every or not set(GROUPS) <= set(names) else GROUPS
    values = block.values[:, [names.index(name) for name in chosen]] / 100.0
    return Portfolios(block.dates, chosen, values, frequency, path.name)


def together(models: Mapping[str, Factors], *more: DateArray) -> tuple[dict[str, Factors], DateArray]:
    """All models on the dates that they and ``more`` share, and these dates."""
    shared = common_dates([*(f.dates for f in models.values()), *more])
    return {name: f.rows(np.isin(f.dates, shared)) for name, f in models.items()}, shared


def _find(folder: Path, stem: str) -> Path | None:
    if not folder.is_dir():
        raise FileNotFoundError(2, "No such folder", str(folder))
    return next((p for end in _ENDINGS if (p := folder / f"{stem}{end}").is_file()), None)


def _table(path: Path, frequency: Frequency, names: tuple[str, ...]) -> Factors:
    block = read_french(path, names=_FIVE).block(frequency)
    values = np.column_stack([_column(block, name, path) for name in names])
    return Factors(block.dates, names, values, _column(block, "RF", path), frequency, path.name)


def _column(block: FrenchBlock, name: str, path: Path) -> FloatArray:
    names = [column.strip() for column in block.names]
    if name not in names:
        raise DataGapError(f"`{path.name}` has no column {name}; it has {', '.join(names)}.")
    return np.asarray(block.values[:, names.index(name)] / 100.0)


def _momentum(path: Path, frequency: Frequency) -> tuple[DateArray, FloatArray, str]:
    block = read_french(path, names=("WML",)).block(frequency)
    name = next((n for n in block.names if n.strip() in ("Mom", "WML", "UMD")), block.names[0])
    return block.dates, block[name] / 100.0, path.name


def _with(base: Factors, momentum: tuple[DateArray, FloatArray, str], model: str) -> Factors:
    """The factors of a model that has momentum besides."""
    dates, values, source = momentum
    shared = common_dates([base.dates, dates])
    left, right = np.isin(base.dates, shared), np.isin(dates, shared)
    return Factors(
        shared,
        MODELS[model],
        np.column_stack([base.values[left], values[right]]),
        base.risk_free[left],
        base.frequency,
        f"{base.source} and {source}",
        base.notes,
    )
