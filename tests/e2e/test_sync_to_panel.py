"""From the local J-Quants to a panel: sync, check, open; and the official client's files in its place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from jquants_market import Market
from jquants_rules import Service
from jquants_server import KEY, JQuants
from sync_support import content, run
from typer.testing import CliRunner

import jqfast
from jqfast.cli import app
from jqfast.data.store import Store
from jqfast.data.tables import table

CODE, EX_DATE = "13080", dt.date(2026, 8, 5)
START, END = "2026-07-01", "2026-09-30"


@pytest.fixture
def server() -> Iterator[JQuants]:
    with JQuants(Service(Market(codes=8, splits={(CODE, EX_DATE): 0.5}))) as running:
        yield running


def test_a_synced_store_is_whole_and_gives_a_panel(server: JQuants, tmp_path: Path) -> None:
    run(server, tmp_path / "jq", start=START, end=END)
    checked = Store(tmp_path / "jq").check()
    assert checked.ok, str(checked)
    assert [each.name for each in checked.tables if each.gaps] == []
    panel = jqfast.data.open(tmp_path / "jq").panel(universe="all")
    assert list(panel.codes) == sorted(server.service.market.listed)
    row = list(panel.dates).index(np.datetime64(EX_DATE))
    column = list(panel.codes).index(CODE)
    for offset in (-2, -1, 0, 1):
        day = panel.dates[row + offset].item()
        sent = {r["Code"]: r["C"] for r in server.service.market.rows("/equities/bars/daily", day)}
        got = panel["raw_close"][row + offset]
        assert np.array_equal(got, [sent[code] or np.nan for code in panel.codes], equal_nan=True)
    # The raw price halves over the ex-date, the return of the panel's price does not.
    raw, close = panel["raw_close"][:, column], panel["close"][:, column]
    assert raw[row] / raw[row - 1] < 0.6
    assert abs(close[row] / close[row - 1] - 1) < 0.1


def test_the_official_clients_files_give_the_same_store(server: JQuants, tmp_path: Path) -> None:
    jquantsapi = pytest.importorskip("jquantsapi")
    names = ["equities_bars_daily", "markets_short_ratio", "fins_dividend"]
    files = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jquantsapi.ClientV2, "JQUANTS_API_BASE", server.url)
        client = jquantsapi.ClientV2(api_key=KEY)
        for name in names:
            keys = client.get_bulk_list(table(name).path)["Key"]
            for key in keys[keys.str.contains("20260[78]")]:
                files.append(tmp_path / Path(key).name)
                client.download_bulk(key, str(files[-1]))
        client._session.close()
    assert len(files) == 6
    imported = CliRunner().invoke(app, ["import", "--store", str(tmp_path / "own"), *map(str, files)])
    assert imported.exit_code == 0, imported.output
    run(server, tmp_path / "jq", start=START, end="2026-08-31", tables=names)
    synced, own = content(tmp_path / "jq"), content(tmp_path / "own")
    for name in names:
        assert own[name][0] == synced[name][0]
        assert own[name][0]
