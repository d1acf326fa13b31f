"""Writers killed at 200 random moments: no row lost, none half there, and the next writer goes on."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jqfast.data.store import Store

SERVER = Path(__file__).parents[1] / "support" / "store_kills.py"
TABLE = "equities_bars_daily"
ROWS = 6
KILLS = 200


def _check_rows(store: Store) -> int:
    """Every complete unit has all its rows, and there are no others; returns the number of units."""
    done = store.done(TABLE)
    count = len(done)
    assert done == {str(i) for i in range(count)}
    assert store.notes(TABLE).get("last", "-1") == str(count - 1)
    units = store.read(TABLE, columns=["C"], versions="all")["C"].to_numpy().astype(int)
    assert np.array_equal(np.bincount(units, minlength=count), np.full(count, ROWS))
    return count


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_writer_killed_at_random_moments_loses_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", create=True)
    rng = random.Random(20)
    command = [sys.executable, "-P", str(SERVER), str(store.path)]
    count = merges = 0
    limit = 40.0  # milliseconds; follows the machine, so that some writers get far and some do not
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for kill in range(KILLS):
            server.stdin.write(f"{rng.uniform(0, limit)}\n")
            server.stdin.flush()
            told = server.stdout.readline().strip()
            assert told == "" or told.isdigit(), told
            before, count = count, _check_rows(store)
            limit *= 0.95 if count > before + 1 else 1.05 if count == before else 1.0
            assert count > int(told or "-1")  # what the writer was told to be written is there
            merges = max(merges, count - len(store.files(TABLE)))
            if kill % 20 == 0:
                assert store.check().ok
        server.stdin.close()
    assert store.check().ok
    assert count > KILLS / 4  # the kills did not all come before the first append
    assert merges > 20
    with store.writing():
        pass
    assert store.check().tables[0].leftovers == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_readers_beside_a_writer_see_whole_units_only(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", create=True)
    command = [sys.executable, "-P", str(SERVER), str(store.path)]
    seen = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write("2500\n")
        server.stdin.close()
        while server.poll() is None:
            units = store.read(TABLE, columns=["C"], versions="all")["C"].to_numpy().astype(int)
            seen.append(len(units) // ROWS)
            assert np.array_equal(np.bincount(units), np.full(seen[-1], ROWS))
    assert seen == sorted(seen)  # and what was there once stays
    assert len(set(seen)) > 3
