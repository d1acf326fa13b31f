"""kill -9 at random moments of a sync: never half a day, never a mark without its rows, and in the end the
same store as without any kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sync_support
from jquants_faults import Slow
from jquants_market import Market
from jquants_rules import Service
from jquants_server import JQuants

SCRIPT = Path(__file__).parents[1] / "support" / "kill_loop.py"
CODES = 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("kills", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_a_store_survives_kills_at_random_moments(kills: int, tmp_path: Path) -> None:
    with JQuants(Service(Market(codes=CODES), page=20)) as server:
        # Slow enough that most kills hit a sync at work.
        server.inject(Slow(0.02), times=None)
        command = [sys.executable, "-P", str(SCRIPT), str(tmp_path / "jq"), server.url]
        ended = subprocess.run(
            [*command, str(kills), "11", str(CODES)], capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        told = json.loads(ended.stdout)
        assert told["wrong"] == []
        assert told["last"] == 0, ended.stderr
        assert told["killed"] == kills
        server.heal()
        span = {"start": "2026-08-03", "end": "2026-09-30"}
        tables = ["equities_bars_daily", "fins_summary", "markets_short_ratio", "indices_bars_daily_topix"]
        sync_support.run(server, tmp_path / "whole", tables=tables, **span)
    assert sync_support.content(tmp_path / "jq") == sync_support.content(tmp_path / "whole")
    # The last sync has cleaned up after the killed ones.
    assert not list((tmp_path / "jq").rglob(".*.partial"))
    from jqfast.data.store import Store

    store = Store(tmp_path / "jq")
    named = {path for name in store.tables() for path in store.files(name)}
    assert set((tmp_path / "jq").rglob("*.parquet")) == named
