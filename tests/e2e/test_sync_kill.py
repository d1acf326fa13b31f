"""kill -9 at 200 random moments of syncs: never half a day, never a mark without its rows, and in the end the
same stores as without any kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sync_support
from jquants_market import Market
from jquants_rules import Service
from jquants_server import JQuants

from jqfast.data.store import Store

SCRIPT = Path(__file__).parents[1] / "support" / "kill_loop.py"
CODES, KILLS = 8, 200


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is such a folder: a killed process, unlike a lost machine, needs no disk."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as name:
        yield Path(name)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_store_survives_kills_at_random_moments(folder: Path, tmp_path: Path) -> None:
    with JQuants(Service(Market(codes=CODES), page=20)) as server:
        command = [sys.executable, "-P", str(SCRIPT), str(folder), server.url]
        ended = subprocess.run(
            [*command, str(KILLS), "11", str(CODES)], capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        told = json.loads(ended.stdout)
        assert told["wrong"] == []
        assert told["last"] == 0, ended.stderr
        assert told["killed"] == KILLS
        # Kills met syncs at all stages: many had stored something more, and several stores were completed.
        assert told["advanced"] > KILLS / 8, told
        assert told["stores"] > 5, told
        span = {"start": "2026-08-03", "end": "2026-08-31"}
        tables = ["equities_bars_daily", "fins_summary", "markets_short_ratio", "indices_bars_daily_topix"]
        sync_support.run(server, tmp_path / "whole", tables=tables, **span)
    whole = sync_support.content(tmp_path / "whole")
    stores = [Store(folder / str(number)) for number in range(told["stores"])]
    for store in stores:
        assert sync_support.content(store.path) == whole
        # The last sync has cleaned up after the killed ones.
        assert not list(store.path.rglob(".*.partial"))
        named = {path for name in store.tables() for path in store.files(name)}
        assert set(store.path.rglob("*.parquet")) == named
