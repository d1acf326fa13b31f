"""Kills writers of a store at random moments. A script: it forks each writer, so that none imports anew.

Protocol: one line on standard input per kill, the milliseconds to wait; one line on standard output per kill,
the last unit whose append had returned. An empty line ends it.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pandas
import pyarrow.compute
import pyarrow.parquet

from jqfast.data.store import Store, reader, stage, writer

TABLE = "equities_bars_daily"
ROWS = 6
START = dt.date(2020, 11, 1)
#: Few files are left alone, so that kills meet merges too.
CROWD = 8


def records(number: int) -> list[dict[str, Any]]:
    """The rows of a unit; its days lie in two years where the year ends."""
    day = START + dt.timedelta(days=number)
    later = day + dt.timedelta(days=1)
    return [
        {"Date": str(day if i % 2 else later), "Code": f"{13000 + i}", "C": float(number), "Vo": float(i)}
        for i in range(ROWS)
    ]


def write(path: Path, told: int) -> None:
    """Append unit after unit until killed."""
    writer.CROWD = CROWD
    with Store(path).writing(wait=5) as w:
        number = len(w.done(TABLE))
        while True:
            w.append(TABLE, records(number), unit=str(number), notes={"last": str(number)})
            os.pwrite(told, f"{number:8d}".encode(), 0)
            number += 1


def main() -> None:
    """Serve kills."""
    path = Path(sys.argv[1])
    told = os.open(path.with_suffix(".told"), os.O_CREAT | os.O_RDWR)
    assert reader
    assert stage
    assert pandas  # pyarrow looks for it at its first conversion
    assert pyarrow.compute
    assert pyarrow.parquet
    for line in sys.stdin:
        if not line.strip():
            break
        child = os.fork()
        if child == 0:
            try:
                write(path, told)
            except BaseException as error:  # the parent must hear of it, whatever it is
                os.pwrite(told, f"{error!r:>8}".encode(), 0)
            finally:
                os._exit(1)
        time.sleep(float(line) / 1000)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        sys.stdout.write(os.pread(told, 1000, 0).decode().strip() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
