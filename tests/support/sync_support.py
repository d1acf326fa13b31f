"""What the tests of a sync share: options without waiting, and the content of a store in comparable form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("requests")
pytest.importorskip("tenacity")

from jquants_server import KEY, JQuants

from jqfast.data.jquants import ClientOptions, SyncOptions, SyncReport, sync
from jqfast.data.store import Store

#: A minute of 50 ms: limits and pauses are as long, in proportion.
PATIENCE = ClientOptions(attempts=4, minute=0.05, connect=5.0, read=5.0)
QUICK = SyncOptions(rate=1_000_000, client=PATIENCE)


def run(server: JQuants, folder: Path, **arguments: Any) -> SyncReport:
    """A sync against the local server, without pauses unless ``options`` say otherwise."""
    return sync(folder, **{"base_url": server.url, "api_key": KEY, "options": QUICK, **arguments})


def content(folder: Path) -> dict[str, tuple[list[dict[str, Any]], set[str]]]:
    """Table -> all its records as they are read, and its complete units."""
    store = Store(folder)
    return {name: (store.read(name).to_pylist(), store.done(name)) for name in store.tables()}


def requests_of(server: JQuants) -> dict[str, int]:
    """Path -> requests since the log was last cleared."""
    found: dict[str, int] = {}
    for asked in server.asked:
        found[asked.path] = found.get(asked.path, 0) + 1
    return found
