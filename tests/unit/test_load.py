"""Where a run's panel comes from: a simulated market is written once, whole or not at all, then only read."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from jqfast import data, load
from jqfast.config import Config, read
from jqfast.data.simulator import write
from jqfast.files import lock, unlock

SMALL = ("simulate.stocks=12", "simulate.years=0.6")


def _config(folder: Path, *more: str) -> Config:
    return read(None, (*SMALL, f"out={folder}", *more))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one market in it."""
    folder = tmp_path_factory.mktemp("load") / "runs"
    load.load(_config(folder))
    return folder


@pytest.fixture
def no_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the market was written again")

    monkeypatch.setattr(load, "write", refuse)


@pytest.mark.usefixtures("no_writing")
def test_a_market_is_written_once_for_all_runs(written: Path) -> None:
    first = load.load(_config(written))
    other = load.load(_config(written, "name=another", "learn.seed=5"))
    assert first.data_hash == other.data_hash
    assert first.truth is not None
    assert first.panel.info.source == "simulated (planted, seed 7)"
    assert "planted effects" in first.panel.info.notes[0]
    kept = load.market_folder(_config(written))
    assert kept.parent == written / "markets"
    assert kept.name.startswith("planted-12x0.6-")
    assert [path for path in kept.parent.iterdir() if path.suffix == ".partial"] == []
    # It is a store like any other.
    assert data.open(kept).panel(universe="all").shape == first.panel.shape
    assert data.read_truth(kept).config["stocks"] == 12


def test_other_settings_are_another_market(written: Path) -> None:
    names = {
        load.market_folder(_config(written, *more)).name
        for more in ((), ("simulate.seed=8",), ("simulate.null=pure",), ("simulate.sectors=5",))
    }
    assert len(names) == 4


def test_the_same_settings_elsewhere_are_the_same_data(written: Path, tmp_path: Path) -> None:
    again = load.load(_config(tmp_path / "runs"))
    first = load.load(_config(written))
    assert again.data_hash == first.data_hash
    np.testing.assert_array_equal(again.panel["close"], first.panel["close"])


def test_nothing_is_known_where_nothing_is_planted(tmp_path: Path) -> None:
    loaded = load.load(_config(tmp_path, "simulate.null=pure"))
    assert loaded.truth is None
    assert "nothing in its past tells" in loaded.panel.info.notes[0]


@pytest.mark.usefixtures("no_writing")
def test_a_simulated_store_of_the_user_has_its_truth_too(written: Path) -> None:
    kept = load.market_folder(_config(written))
    loaded = load.load(read(None, (f"data.store={kept}", "data.universe=all")))
    assert loaded.truth is not None
    assert loaded.panel.info.source == str(kept)
    # Without a universe a store gives its Prime members alone, the default market all of its stocks.
    prime = load.load(read(None, (f"data.store={kept}",))).panel
    assert prime.shape[1] < load.load(_config(written)).panel.shape[1]


def test_progress_counts_the_years(tmp_path: Path) -> None:
    config, told = _config(tmp_path), []
    load.load(config, lambda *now: told.append(now))
    assert [stage for stage, _, _ in told] == ["panel"] * len(told)
    done = [now for _, now, _ in told]
    assert done == list(range(1, len(done) + 1))
    assert {total for _, _, total in told} == {load.steps(config)}
    assert len(done) <= load.steps(config)
    assert load.steps(read(None, ("data.prices=x.csv",))) == 1


def test_what_a_killed_run_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = _config(tmp_path)
    path = load.market_folder(config)
    leftover = path.parent / f".{path.name}.abc.partial"
    (leftover / "truth").mkdir(parents=True)

    def interrupted(folder: Path, *_: object, **__: object) -> None:
        (folder / "half").write_text("")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(load, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            load.load(config)
    assert [p.name for p in path.parent.iterdir() if p.name.endswith(".partial")] == []
    assert not path.exists()
    load.load(config)
    assert path.is_dir()


def test_a_market_that_is_not_whole_is_not_read(tmp_path: Path) -> None:
    config = _config(tmp_path)
    load.market_folder(config).mkdir(parents=True)
    with pytest.raises(ValueError, match=r"is no whole simulated market\. Delete it and run again"):
        load.load(config)


def test_two_runs_at_once_write_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes second waits for the first one's market."""
    config, writes = _config(tmp_path), []

    def counted(*arguments: object, **options: object) -> None:
        writes.append(1)
        write(*arguments, **options)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(load, "write", counted)
    path = load.market_folder(config)
    path.parent.mkdir(parents=True)
    held = lock(path.parent / f".{path.name}.lock")
    assert held is not None
    runs = [threading.Thread(target=load.load, args=(config,)) for _ in range(2)]
    for run in runs:
        run.start()
    runs[0].join(0.5)
    assert runs[0].is_alive()
    assert writes == []
    unlock(held)
    for run in runs:
        run.join()
    assert writes == [1]
    assert path.is_dir()
