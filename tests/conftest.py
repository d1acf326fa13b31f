"""Shared fixtures: real prices where the machine has them, and one small simulated market.

``JQFAST_REAL_DATA`` names the folder of real data. Without it tests on real data skip, and without a package
of the extra ``[test]`` the tests of that package; with ``--require-real-data`` (as ``.ci/run`` passes where
the folder exists) neither is let pass.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

from jqfast.data.panel import Panel

# Helpers that several test folders share, importable by name.
sys.path.insert(0, str(Path(__file__).parent / "support"))

#: Every 16th of the 950 codes: 60 stocks over all code ranges, late listings among them.
CODE_STRIDE = 16

#: What the tests import where it is installed (`pytest.importorskip`); all of it is in the extra [test].
SKIPPED_WITHOUT = ("duckdb", "jquantsapi", "lightgbm", "requests", "tenacity")

# Other work on the machine must not turn a slow example into a failure.
settings.register_profile("jqfast", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("jqfast")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-real-data",
        action="store_true",
        help="fail, instead of skipping, where JQFAST_REAL_DATA does not name the folder of real data or a "
        "package of [test] is missing",
    )


def pytest_configure(config: pytest.Config) -> None:
    missing = [name for name in SKIPPED_WITHOUT if importlib.util.find_spec(name) is None]
    if missing and config.getoption("--require-real-data"):
        raise pytest.UsageError(
            f"--require-real-data lets no test skip, and {', '.join(missing)} cannot be imported: "
            f"pip install '.[test]'"
        )


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the tests and their commands compile is kept for the session, and not in the home."""
    before = os.environ.get("JQFAST_CACHE_DIR")
    os.environ["JQFAST_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))
    yield
    del os.environ["JQFAST_CACHE_DIR"]
    if before is not None:
        os.environ["JQFAST_CACHE_DIR"] = before


#: Name of a test module -> its generator's state before its first test.
_STARTS: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def _draws_of_a_test_alone(request: pytest.FixtureRequest) -> None:
    """The generator ``RNG`` of a module starts anew for each test: what one draws follows from no other's."""
    rng = getattr(request.module, "RNG", None)
    if rng is not None:
        rng.bit_generator.state = _STARTS.setdefault(request.module.__name__, rng.bit_generator.state)


@pytest.fixture
def bars() -> pd.DataFrame:
    """Clean daily bars of 3 stocks over 8 sessions in long form, one of them listed later."""
    rng = np.random.default_rng(3)
    days = pd.bdate_range("2024-01-04", periods=8)
    rows = [(day, code) for code in ("0130", "7203", "285A") for day in days[2 * (code == "285A") :]]
    close = np.round(1000 * np.exp(rng.normal(0, 0.02, len(rows)).cumsum()), 1)
    open_ = np.round(close * np.exp(rng.normal(0, 0.01, len(rows))), 1)
    frame = pd.DataFrame(rows, columns=["date", "code"])
    frame["open"], frame["high"] = open_, np.maximum(open_, close) + 5.0
    frame["low"], frame["close"] = np.minimum(open_, close) - 5.0, close
    frame["volume"] = rng.integers(1, 900, len(rows)) * 100.0
    frame["turnover"] = np.round(frame["volume"] * close)
    return frame


@pytest.fixture(scope="session")
def real_data(request: pytest.FixtureRequest) -> Path:
    """The folder of real data; skips (or fails, see above) where there is none."""
    folder = os.environ.get("JQFAST_REAL_DATA", "")
    if folder and (Path(folder) / "jp_daily.parquet").is_file():
        return Path(folder).resolve()
    reason = f"JQFAST_REAL_DATA={folder!r} does not name a folder with jp_daily.parquet"
    if request.config.getoption("--require-real-data"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def real_panel(real_data: Path) -> Panel:
    """60 stocks of the real daily bars over all their dates."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from jqfast.data import read_prices

    path = real_data / "jp_daily.parquet"
    codes = pc.unique(pq.read_table(path, columns=["code"])["code"]).sort()[::CODE_STRIDE]
    return read_prices(pq.read_table(path, filters=pc.field("code").isin(codes)))


@pytest.fixture(scope="session")
def sim_panel() -> Panel:
    """40 stocks over 3 years of the simulated market with its planted effects."""
    from jqfast.data.simulate import SimulateConfig, simulate

    return simulate(SimulateConfig(stocks=40, years=3.0)).panel


@pytest.fixture(scope="session")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated store of 24 stocks over 3.4 years: every table, and windows of 36 months find a value."""
    from jqfast.data.simulator import SimulateConfig, write

    folder = tmp_path_factory.mktemp("store")
    write(folder, SimulateConfig(stocks=24, years=3.4))
    return folder


@pytest.fixture(scope="session")
def store_panel(store_folder: Path) -> Panel:
    """The whole panel of ``store_folder``, decided at the close."""
    from jqfast.data import open as open_store

    return open_store(store_folder).panel(universe="all")
