"""Proofs over the registry that a row uses nothing from after it, and that the data alone decide it.

Every feature, raw and per-date normalised, as float64 and bit for bit: the panel cut at t, rows after t
poisoned, a split in the future, stocks permuted, other stocks left out, 1, 2 and 7 threads, every instruction
set.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import jqfast
import jqfast.features as features
from jqfast.data.panel import PRICE_COLUMNS, Panel
from jqfast.features.expr import walk

#: What panels of prices alone have the columns for.
NAMES = features.names("everything", PRICE_COLUMNS)
CUTS = (0, 1, 20, 61, 250, 400)
ROWS = 500


@pytest.fixture(scope="module")
def market(sim_panel: Panel) -> Panel:
    """Two years of the simulated market, with listings, halts and splits."""
    return sim_panel.rows(0, ROWS)


def compute(panel: Panel, *, normalize: bool = False, threads: int | None = None) -> np.ndarray:
    return features.panel(panel, NAMES, dtype="float64", normalize=normalize, threads=threads).values


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Bit for bit, the kind of NaN and the sign of zero included."""
    return a.shape == b.shape and np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


def differing(a: np.ndarray, b: np.ndarray) -> list[str]:
    """Names of the features that differ in any bit; empty is what the tests want."""
    return [name for name, x, y in zip(NAMES, a, b, strict=True) if not same(x, y)]


@pytest.fixture(scope="module", params=[False, True], ids=["raw", "normalized"])
def whole(request: pytest.FixtureRequest, market: Panel) -> tuple[bool, np.ndarray]:
    values = compute(market, normalize=request.param)
    finite = np.isfinite(values).any(axis=(1, 2))
    assert finite.all(), "a proof about a feature without values would prove nothing"
    return request.param, values


@pytest.mark.parametrize("t", CUTS)
def test_cutting_the_panel_after_t_changes_no_row_up_to_t(
    market: Panel, whole: tuple[bool, np.ndarray], t: int
) -> None:
    normalize, values = whole
    short = compute(market.rows(0, t + 1), normalize=normalize)
    assert differing(short, values[:, : t + 1]) == []


@pytest.mark.parametrize("poison", [np.nan, 1e30, -1e30, np.inf])
@pytest.mark.parametrize("t", [1, 61, 250])
def test_poisoning_rows_after_t_changes_no_row_up_to_t(
    market: Panel, whole: tuple[bool, np.ndarray], t: int, poison: float
) -> None:
    normalize, values = whole
    columns = {name: market[name].copy() for name in PRICE_COLUMNS}
    for column in columns.values():
        column[t + 1 :] = poison
    listed = market.listed.copy()
    listed[t + 1 :] = False
    spoiled = compute(replace(market.with_columns(**columns), listed=listed), normalize=normalize)
    assert differing(spoiled[:, : t + 1], values[:, : t + 1]) == []


def test_the_proof_would_see_a_feature_that_looks_ahead(market: Panel) -> None:
    """The full-sample clip of the document (Q-03) fails the cut that every catalogue feature passes."""
    early = np.flatnonzero(market.listed[100])
    ret = features.panel(market, ["ret_1"], dtype="float64").values[0][:, early]
    cut = features.panel(market.rows(0, 251), ["ret_1"], dtype="float64").values[0][:, early]
    clipped = np.clip(ret, *np.nanquantile(ret, [0.02, 0.98], axis=0))
    clipped_cut = np.clip(cut, *np.nanquantile(cut, [0.02, 0.98], axis=0))
    assert same(ret[:251], cut)
    assert not same(clipped[:251], clipped_cut)


def _is_level(name: str) -> bool:
    return features.registry[name].level


def test_a_split_in_the_future_changes_nothing_before_it_and_only_levels_after_it(market: Panel) -> None:
    """Forward basis (decision 3): a split changes A(t) from its ex-date on, adjusted prices stay."""
    ex = 300
    adjustment = market["adjustment"].copy()
    adjustment[ex:] *= 0.5
    before, after = compute(market), compute(market.with_columns(adjustment=adjustment))
    assert differing(before[:, :ex], after[:, :ex]) == []
    changed = differing(before, after)
    assert changed == [name for name in NAMES if _is_level(name)]


@pytest.mark.parametrize("factor", [0.5, 8.0])
def test_features_do_not_depend_on_the_split_basis(market: Panel, factor: float) -> None:
    """Data that arrive adjusted to today's basis give the same bits as data of the day (no rounding here)."""
    a, b = _on_two_bases(market, factor)
    assert same(a, b)


@pytest.mark.parametrize("factor", [0.1, 3.0])
def test_other_split_factors_change_last_digits_only(market: Panel, factor: float) -> None:
    a, b = _on_two_bases(market, factor)
    assert (np.isnan(a) == np.isnan(b)).all()
    off = np.abs(a - b) > 1e-9 * (1 + np.abs(a))
    names = [name for name in NAMES if not _is_level(name)]
    # A comparison may turn where its sides are equal but for rounding: a close in the middle of its range.
    compares = np.array([_compares(name) for name in names])
    assert not off[~compares].any()
    assert off[compares].mean(axis=(1, 2)).max() < 0.05


def _on_two_bases(market: Panel, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """All features but levels, on the panel and on the same panel after a split of every stock."""
    rebased = {name: market[name] * factor for name in ("open", "high", "low", "close")}
    other = market.with_columns(volume=market["volume"] / factor, **rebased)
    names = [name for name in NAMES if not _is_level(name)]
    a, b = (features.panel(panel, names, dtype="float64").values for panel in (market, other))
    return a, b


def _compares(name: str) -> bool:
    return any(node.op in {"lt", "le", "gt", "ge"} for node in walk((features.registry[name].expr,)))


def test_permuting_stocks_permutes_features(market: Panel, whole: tuple[bool, np.ndarray]) -> None:
    normalize, values = whole
    order = np.random.default_rng(3).permutation(len(market.codes))
    assert differing(compute(_take(market, order), normalize=normalize), values[:, :, order]) == []


def test_other_stocks_do_not_matter_before_normalisation(market: Panel) -> None:
    some = np.arange(0, len(market.codes), 3)
    assert differing(compute(_take(market, some)), compute(market)[:, :, some]) == []


def _take(panel: Panel, stocks: np.ndarray) -> Panel:
    # Sessions are decided by the whole market: share 0 keeps them for the smaller one.
    columns = {
        name: np.ascontiguousarray(x[:, stocks]) if x.ndim == 2 else x for name, x in panel.columns.items()
    }
    return replace(
        panel,
        codes=panel.codes[stocks],
        columns=columns,
        listed=np.ascontiguousarray(panel.listed[:, stocks]),
    )


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_the_number_of_threads_changes_no_bit(
    market: Panel, whole: tuple[bool, np.ndarray], threads: int
) -> None:
    normalize, values = whole
    assert differing(compute(market, normalize=normalize, threads=threads), values) == []


def test_float32_is_the_single_rounding_of_float64(market: Panel, whole: tuple[bool, np.ndarray]) -> None:
    normalize, values = whole
    single = features.panel(market, NAMES, dtype="float32", normalize=normalize).values
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
    rounded[np.isinf(rounded)] = np.nan  # what float32 cannot hold is missing, as every infinity is
    assert single.dtype == np.float32
    assert differing(single, rounded) == []


def test_layouts_hold_the_same_values(market: Panel) -> None:
    by_feature = features.panel(market, NAMES, dtype="float64")
    by_sample = features.panel(market, NAMES, dtype="float64", layout="sample")
    assert differing(by_feature.values, by_sample.values) == []
    assert by_sample.samples.flags.c_contiguous


def test_one_feature_alone_equals_itself_among_all(market: Panel) -> None:
    values = compute(market)
    for name in NAMES[::7]:
        alone = features.panel(market, [name], dtype="float64").values[0]
        assert same(alone, values[NAMES.index(name)]), name


_DIGEST = """
import hashlib, sys
import numpy as np
import jqfast, jqfast.features as features
from jqfast.data.panel import Panel
saved = np.load(sys.argv[1])
columns = {k[2:]: saved[k] for k in saved.files if k.startswith("c_")}
panel = Panel(dates=saved["dates"], codes=saved["codes"], columns=columns, listed=saved["listed"])
for normalize in (False, True):
    X = features.panel(panel, "everything", dtype="float64", normalize=normalize)
    print(hashlib.sha256(np.ascontiguousarray(X.values).tobytes()).hexdigest())
print(jqfast.build_info()["isa"])
"""


@pytest.mark.parametrize("isa", jqfast.build_info()["supported_isas"])
def test_every_instruction_set_gives_the_same_bits(market: Panel, tmp_path: Path, isa: str) -> None:
    path = tmp_path / "panel.npz"
    columns = {f"c_{name}": market[name] for name in PRICE_COLUMNS}
    np.savez(path, dates=market.dates, codes=market.codes, listed=market.listed, **columns)
    run = subprocess.run(
        [sys.executable, "-c", _DIGEST, str(path)],
        env={**os.environ, "JQFAST_ISA": isa},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    *digests, used = run.stdout.split()
    assert used == isa
    here = [
        hashlib.sha256(np.ascontiguousarray(compute(market, normalize=n)).tobytes()).hexdigest()
        for n in (False, True)
    ]
    assert digests == here
