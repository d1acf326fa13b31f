"""Kill syncs at random moments: ``python kill_loop.py FOLDER URL KILLS SEED CODES``; prints a JSON report.

A process that has imported everything forks a child per sync and kills it after a random time, so that a
kill costs hundredths of a second instead of an interpreter's start. It has no threads: forking is safe.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pyarrow.parquet  # noqa: F401  # imported before the forks
import requests  # noqa: F401
import tenacity  # noqa: F401
from jquants_market import DAY_COLUMN, Market, days
from jquants_server import KEY

from jqfast.data.jquants import ClientOptions, SyncOptions, collect, sync
from jqfast.data.store import Store
from jqfast.data.tables import TABLES as KNOWN

TABLES = ["equities_bars_daily", "fins_summary", "markets_short_ratio", "indices_bars_daily_topix"]
#: Asked for as one span, without marks: all of its days are there, or none.
AT_ONCE = "indices_bars_daily_topix"
SPAN = {"start": "2026-08-03", "end": "2026-08-31"}


def child(store: str, url: str) -> None:
    """One sync, then the end of the process without any clean-up."""
    options = SyncOptions(rate=1_000_000, client=ClientOptions(minute=0.05))
    try:
        report = sync(store, tables=TABLES, **SPAN, base_url=url, api_key=KEY, options=options)
        os._exit(0 if report.complete else 3)
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
        os._exit(4)


def rows_of(codes: int) -> dict[str, Counter[str]]:
    """Table -> day -> number of rows that the service has of it."""
    market, first, last = Market(codes=codes), *map(dt.date.fromisoformat, SPAN.values())
    return {
        name: +Counter({str(day): len(market.rows(KNOWN[name].path, day)) for day in days(first, last)})
        for name in TABLES
    }


def faults_of(store: str, expected: dict[str, Counter[str]]) -> list[str]:
    """What is wrong with a store after a kill: half days, or days marked complete that are not there."""
    if not Path(store).is_dir():
        return []
    held, found = Store(store), []
    for name in held.tables():
        rows = held.read(name)  # all of it, so that a damaged file is an error
        if name not in expected:
            continue
        whole, column = expected[name], DAY_COLUMN[KNOWN[name].path][0]
        counts = Counter(map(str, rows[column].to_pylist()))
        found += [f"{name} {day}: {n} rows" for day, n in counts.items() if n != whole[day]]
        marked = held.done(name) & whole.keys()
        found += [f"{name} {unit}: marked, no rows" for unit in marked - counts.keys()]
        if name == AT_ONCE and counts and counts != whole:
            found += [f"{name}: {len(counts)} of {len(whole)} days"]
    return found


def units_of(store: str) -> int:
    """Complete units of all tables."""
    if not Path(store).is_dir():
        return 0
    held = Store(store)
    return sum(len(held.done(name)) for name in held.tables())


def ended_by(path: Path, url: str, seconds: float | None) -> int | None:
    """The exit status of a sync that may take so long, None where it had to be killed."""
    pid = os.fork()
    if pid == 0:
        child(str(path), url)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def main(folder: str, url: str, kills: int, seed: int, codes: int) -> dict[str, object]:
    """Kill, look, and so on; a sync that comes to its end is followed by one into the next, empty store.

    How long a sync lives follows what they reach, so that kills meet all of its parts.
    """
    chance, limit, expected = random.Random(seed), 0.5, rows_of(codes)
    killed = advanced = number = units = 0
    wrong: list[str] = []
    while killed < kills:
        path = Path(folder) / str(number)
        status = ended_by(path, url, chance.uniform(0.0, limit))
        wrong += faults_of(str(path), expected)
        before, units = units, units_of(str(path))
        wrong += [f"{before} units, then {units}"] if units < before else []
        advanced += units > before
        killed += status is None
        limit *= 1.02 if status is None else 0.9  # one in six comes to its end
        if status is not None:
            wrong += [f"exit {status}"] if status else []
            number, units = number + 1, 0
    last = ended_by(path, url, None) if status is None else status
    return {
        "killed": killed,
        "stores": number + (status is None),
        "advanced": advanced,
        "wrong": wrong,
        "last": last,
    }


if __name__ == "__main__":
    collect._DAYS = 4  # appends of a few days, so that there are many moments between two of them
    place, address, count, start, stocks = sys.argv[1:]
    sys.stdout.write(json.dumps(main(place, address, int(count), int(start), int(stocks))) + "\n")
