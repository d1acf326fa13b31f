"""Kill syncs at random moments: ``python kill_loop.py STORE URL KILLS SEED CODES``; prints a JSON report.

A process that has imported everything forks a child per sync and kills it after a random time, so that a
kill costs hundredths of a second instead of an interpreter's start. It has no threads: forking is safe.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pyarrow.parquet  # noqa: F401  # imported before the forks
import requests  # noqa: F401
import tenacity  # noqa: F401
from jquants_server import KEY

from jqfast.data.jquants import ClientOptions, SyncOptions, sync
from jqfast.data.store import Store

TABLES = ["equities_bars_daily", "fins_summary", "markets_short_ratio", "indices_bars_daily_topix"]
SPAN = {"start": "2026-08-03", "end": "2026-09-30"}


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


def faults_of(store: str, codes: int) -> list[str]:
    """What is wrong with a store after a kill: half days, or days marked complete that are not there."""
    if not Path(store).is_dir():
        return []
    held, found = Store(store), []
    expected = {"equities_bars_daily": codes, "markets_short_ratio": 34}
    for name in held.tables():
        rows = held.read(name)
        if name in expected:
            days = rows["Date"].to_pylist()
            counts = {str(day): days.count(day) for day in set(days)}
            found += [f"{name} {day}: {n} rows" for day, n in counts.items() if n != expected[name]]
            found += [f"{name} {unit}: marked, no rows" for unit in held.done(name) if unit not in counts]
    return found


def main(store: str, url: str, kills: int, seed: int, codes: int) -> dict[str, object]:
    """Kill, look, and so on; at the end one sync that nobody kills."""
    chance = random.Random(seed)
    killed = finished = 0
    wrong: list[str] = []
    longest = 0.4
    while killed < kills and finished < kills:
        pid = os.fork()
        if pid == 0:
            child(store, url)
        time.sleep(chance.uniform(0.0, longest))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            killed += 1
        else:
            finished += 1
            wrong += [] if os.WEXITSTATUS(status) == 0 else [f"exit {os.WEXITSTATUS(status)}"]
            longest *= 0.7
        wrong += faults_of(store, codes)
    pid = os.fork()
    if pid == 0:
        child(store, url)
    _, status = os.waitpid(pid, 0)
    return {"killed": killed, "finished": finished, "wrong": wrong, "last": os.WEXITSTATUS(status)}


if __name__ == "__main__":
    folder, address, count, number, stocks = sys.argv[1:]
    sys.stdout.write(json.dumps(main(folder, address, int(count), int(number), int(stocks))) + "\n")
