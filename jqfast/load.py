"""Where a run's panel comes from: a file of prices, a store, or a simulated market that is written first.

In: the configuration. Out: :class:`Loaded`, the panel, the truth where the market is a simulated one, and a
hash of the data. A simulated market is a store like any other, kept beside the run folders in
``<out>/markets`` and written once: every later run with the same settings reads it.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import jqfast
from jqfast.config import MARKETS, Config
from jqfast.data.panel import Panel
from jqfast.data.prices import read_prices
from jqfast.data.simulator import SimulateConfig, read_truth, write
from jqfast.data.simulator.planted import Planted, planted_on
from jqfast.data.simulator.truth import is_simulated
from jqfast.data.store import Store
from jqfast.data.stored import outside
from jqfast.data.stored.source import open_store
from jqfast.data.universe import Universe
from jqfast.files import PARTIAL, lock, make_folder, sync_folder, unlock
from jqfast.progress import Progress, silent
from jqfast.runfolder import digest, file_digest

STAGE = "panel"
_WAIT = 0.2  # seconds between two looks at a market that another run is writing


class Loaded(NamedTuple):
    """``truth`` is None where it is not known, or where nothing is planted."""

    panel: Panel
    truth: Planted | None
    data_hash: str


def load(config: Config, progress: Progress = silent) -> Loaded:
    """The panel of a run, and what is known about it.

    Parameters
    ----------
    config : of the run
    progress : told of the years of a market that has to be simulated first

    Raises
    ------
    ValueError, TypeError, OSError
        For whatever the user can mend in the data or the folder.
    """
    data = config.data
    if data.prices:
        panel = read_prices(
            data.prices,
            bad=data.bad,
            calendar=data.calendar or None,
            sectors=data.sectors or None,
            session_share=data.session_share,
        )
        files = [file_digest(Path(path)) for path in (data.prices, data.sectors) if path]
        return Loaded(panel, None, digest(files, replace(data, prices="", sectors=""), jqfast.__version__))
    if data.store:
        return _stored(config, Path(data.store), "prime")
    loaded = _stored(config, _market(config, progress), "all")
    info = replace(
        loaded.panel.info,
        source=config.simulate.source,
        notes=(config.simulate.note, *loaded.panel.info.notes),
    )
    return loaded._replace(panel=replace(loaded.panel, info=info))


def steps(config: Config) -> int:
    """How many steps of progress ``load`` tells of at most."""
    given = config.data.prices or config.data.store
    return 1 if given else config.simulate.end.year - config.simulate.start.year + 3


def market_folder(config: Config) -> Path:
    """Where the simulated market of a configuration lies: a name for people, a hash of all its settings."""
    market = config.simulate
    size = f"{market.null or 'planted'}-{market.stocks}x{market.years:g}"
    return Path(config.out) / MARKETS / f"{size}-{digest(market, jqfast.__version__)[:8]}"


def _stored(config: Config, path: Path, universe: Universe) -> Loaded:
    """The panel of a store; its hash is that of the checksums of all files, series from outside included."""
    data, store = config.data, Store(path)
    panel = open_store(store).panel(
        universe=data.universe or universe,
        session_share=data.session_share,
    )
    sums: dict[str, list[str]] = {
        name: [part.sha256 for part in store.manifest(name).parts] for name in store.tables()
    }
    sums[outside.FOLDER] = [file_digest(file) for file in outside.files(path)]
    truth = planted_on(panel, read_truth(path)) if is_simulated(path) else None
    data_hash = digest(sums, replace(data, store=""), jqfast.__version__)
    return Loaded(panel, truth if truth and truth.anything else None, data_hash)


def _market(config: Config, progress: Progress) -> Path:
    """The folder of the simulated market, which is written if it is not there."""
    path, total = market_folder(config), steps(config)
    if is_simulated(path):
        return path
    make_folder(path.parent)
    with _alone(path):
        if not is_simulated(path):
            _write(path, config.simulate, (lambda done: progress(STAGE, done, total)))
    return path


def _write(path: Path, market: SimulateConfig, tell: Callable[[int], None]) -> None:
    """The market in its folder, whole or not at all."""
    if path.exists():
        raise ValueError(f"`{path}` is no whole simulated market. Delete it and run again.")
    done = itertools.count(1)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=PARTIAL, dir=path.parent))
    try:
        write(temporary, market, progress=lambda _: tell(next(done)))
        temporary.chmod(0o777 & path.parent.stat().st_mode)  # mkdtemp makes folders private
        temporary.rename(path)
        sync_folder(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One writer of a market; others wait, and find it written. What a killed one left is removed."""
    while (held := lock(path.parent / f".{path.name}.lock")) is None:
        time.sleep(_WAIT)
    try:
        for leftover in path.parent.glob(f".{path.name}.*{PARTIAL}"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield
    finally:
        unlock(held)
