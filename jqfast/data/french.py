"""Files of Kenneth R. French's data library, read as they are: zip or CSV, any number of blocks.

A file has some lines of text, then blocks: a title, a header, padded rows that begin with YYYYMMDD, YYYYMM or
YYYY. Missing is -99.99 or -999. Line ends, a copyright line at the end, and whether there is a header vary.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from jqfast.errors import DataGapError, unknown
from jqfast.types import DateArray, FloatArray

Frequency = Literal["daily", "monthly", "annual"]

_FREQUENCY: dict[int, Frequency] = {8: "daily", 6: "monthly", 4: "annual"}
_MISSING = (-99.99, -999.0)
_DATE = re.compile(r"\s*(\d{8}|\d{6}|\d{4})\s*(?:,|$)")


@dataclass(frozen=True, eq=False)
class FrenchBlock:
    """One table of a file.

    ``values`` (n, K) are as in the file: returns and factors in percent a period, sizes and counts as they
    are; NaN is missing. ``dates`` (n,) are the last day of the period, datetime64[D].
    """

    title: str
    frequency: Frequency
    names: tuple[str, ...]
    dates: DateArray
    values: FloatArray

    def __getitem__(self, name: str) -> FloatArray:
        if name not in self.names:
            raise unknown("column", name, self.names)
        return np.ascontiguousarray(self.values[:, self.names.index(name)])


@dataclass(frozen=True, eq=False)
class FrenchFile:
    """All blocks of a file, in its order, and the text above them."""

    name: str
    about: str
    blocks: tuple[FrenchBlock, ...]

    def block(self, frequency: Frequency, title: str = "") -> FrenchBlock:
        """The first block of a frequency whose title contains `title` (any case).

        Raises
        ------
        ValueError
            If there is none; the message lists what there is.
        """
        for block in self.blocks:
            if block.frequency == frequency and title.lower() in block.title.lower():
                return block
        there = "; ".join(f"{block.frequency}: {block.title or 'no title'}" for block in self.blocks)
        raise ValueError(
            f"`{self.name}` has no {frequency} block with `{title}` in its title. It has: {there}."
        )


def read_french(path: str | Path, *, names: Sequence[str] | None = None) -> FrenchFile:
    """The blocks of a file of the data library.

    Parameters
    ----------
    path : the zip as it was downloaded, or the CSV inside it
    names : of the columns, for a file without a header

    Returns
    -------
    FrenchFile; without header and ``names`` the columns are called c1, c2, ...

    Raises
    ------
    DataGapError
        If the file holds no block, or a row has another number of cells than its header.
    """
    path = Path(path)
    blocks: list[FrenchBlock] = []
    above: list[str] = []
    about: list[str] = []
    for is_data, lines in _runs(_text(path).splitlines()):
        if not is_data:
            above = [line for line in lines if line.strip()]
            about = about or above
            continue
        header = above.pop() if above and "," in above[-1] else ""
        title = above[-1].strip() if above and (blocks or len(above) > 1) else ""
        blocks.append(_block(path.name, title, header, lines, names))
        above = []
    if not blocks:
        raise DataGapError(f"`{path.name}` holds no table: no line begins with YYYYMMDD, YYYYMM or YYYY.")
    return FrenchFile(path.name, "\n".join(line.strip() for line in about), tuple(blocks))


def _text(path: Path) -> str:
    if not zipfile.is_zipfile(path):
        return path.read_text(encoding="latin-1")
    with zipfile.ZipFile(path) as archive:
        inside = [name for name in archive.namelist() if not name.endswith("/")]
        if len(inside) != 1:
            raise DataGapError(
                f"`{path.name}` must hold one file; it holds {len(inside)}. Unpack it and name one."
            )
        return archive.read(inside[0]).decode("latin-1")


def _runs(lines: Sequence[str]) -> Iterator[tuple[bool, list[str]]]:
    """Runs of rows with a date of one width, and of other lines between them."""
    run: list[str] = []
    kind: int | None = None
    for line in lines:
        match = _DATE.match(line)
        width = len(match[1]) if match else 0
        if kind is not None and width != kind:
            yield kind > 0, run
            run = []
        kind = width
        run.append(line)
    if kind is not None:
        yield kind > 0, run


def _block(
    file: str, title: str, header: str, lines: Sequence[str], names: Sequence[str] | None
) -> FrenchBlock:
    rows = [[cell.strip() for cell in line.split(",")] for line in lines]
    cells = [cell.strip() for cell in header.split(",")][1:] if header else list(names or ())
    columns = tuple(cells or (f"c{k}" for k in range(1, len(rows[0]))))
    for line, row in zip(lines, rows, strict=True):
        if len(row) != len(columns) + 1:
            raise DataGapError(
                f"`{file}`: a row has {len(row) - 1} values for the {len(columns)} columns "
                f"{', '.join(columns[:5])}: {line.strip()!r}."
            )
    values = np.array([[float(cell) if cell else np.nan for cell in row[1:]] for row in rows])
    values[np.isin(values, _MISSING)] = np.nan
    frequency = _FREQUENCY[len(rows[0][0])]
    return FrenchBlock(title, frequency, columns, _dates([row[0] for row in rows], frequency), values)


def _dates(texts: Sequence[str], frequency: Frequency) -> DateArray:
    """The last day of each period."""
    if frequency == "daily":
        return np.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in texts], "datetime64[D]")
    unit: Literal["M", "Y"] = "M" if frequency == "monthly" else "Y"
    text = [f"{d[:4]}-{d[4:]}" if unit == "M" else d for d in texts]
    return (np.array(text, f"datetime64[{unit}]") + 1).astype("datetime64[D]") - 1
