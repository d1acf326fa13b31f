"""Samples: gathering by number, sequences over sessions, normalisation in the compiled step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from learn_support import planted

from jqfast.errors import DataGapError
from jqfast.features.normalize import fit
from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.dataset import (
    Scaler,
    batches,
    blocks,
    column_blocks,
    count_steps,
    flagged_features,
    gather,
    known_share,
    low_coverage,
    make_dataset,
    sample_values,
    sequence_rows,
    to_device,
    transform,
)
from jqfast.memory import SMALL, new_array

X, TARGETS = planted(T=30, N=5)
DATA = make_dataset(X, TARGETS)


def scaler_of(fitted: object) -> Scaler:
    return Scaler(*(jnp.asarray(getattr(fitted, name), jnp.float32) for name in Scaler._fields))


def test_samples_are_the_feature_array_itself() -> None:
    assert DATA.samples.base is X.buffer or np.shares_memory(DATA.samples, X.buffer)
    np.testing.assert_array_equal(DATA.samples[7 * 5 + 3], X.values[:, 7, 3])
    np.testing.assert_array_equal(DATA.targets[7 * 5 + 3], TARGETS.values[:, 7, 3].astype(np.float32))


def test_the_feature_layout_gives_the_same_samples() -> None:
    other = replace(X, buffer=np.ascontiguousarray(X.values), layout="feature")
    np.testing.assert_array_equal(make_dataset(other, TARGETS).samples, DATA.samples)


def test_universe_and_missing_labels_decide_who_counts() -> None:
    universe = np.ones((30, 5), dtype=np.bool_)
    universe[4, 1] = False
    buffer = X.buffer.copy()
    buffer[4, 2] = np.nan
    data = make_dataset(replace(X, buffer=buffer), replace(TARGETS, universe=universe))
    assert data.index(np.array([4])).tolist() == [20, 23, 24]
    # the last row has no label of any horizon, the one before that of one session
    assert data.index(np.array([28, 29]), train=True).tolist() == [140, 141, 142, 143, 144]
    assert len(data.index(np.array([29]))) == 5


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="same sessions and stocks as the features"):
        make_dataset(X, planted(T=29, N=5)[1])


def test_rows_of_sequences_skip_what_is_no_session() -> None:
    is_session = np.array([True, True, False, True, True])
    expected = [[-1, -1, 0], [-1, 0, 1], [-1, 0, 1], [0, 1, 3], [1, 3, 4]]
    assert sequence_rows(is_session, 3).tolist() == expected
    assert sequence_rows(np.zeros(2, dtype=np.bool_), 2).tolist() == [[-1, -1], [-1, -1]]


def test_gather_of_rows_and_of_sequences() -> None:
    index = np.array([7 * 5 + 3, 1 * 5 + 0, -1], dtype=np.int32)
    source = to_device(DATA, 4, np.arange(4))
    rows = jax.jit(lambda i: gather(source, i, 0))(index)
    np.testing.assert_array_equal(rows[:2], DATA.samples[index[:2]])
    sequences = np.asarray(jax.jit(lambda i: gather(source, i, 4))(index))
    np.testing.assert_array_equal(sequences[0], X.values[:, 4:8, 3].T)
    assert np.isnan(sequences[1, :2]).all()
    np.testing.assert_array_equal(sequences[1, 2:], X.values[:, :2, 0].T)


def test_transform_is_the_fitted_normaliser() -> None:
    x = sample_values(DATA, np.arange(100))
    fitted = fit(x, ("cs", "ts", "none", "rank"), clip_quantile=0.1)
    wild = x * 3
    every = jnp.arange(4)
    got = np.asarray(jax.jit(transform)(wild, scaler_of(fitted), every))
    np.testing.assert_allclose(got, fitted.apply(wild), rtol=1e-6, atol=1e-7)
    assert got.shape == (100, 8)
    stacked = np.asarray(jax.jit(transform)(wild.reshape(25, 4, 4), scaler_of(fitted), every))
    np.testing.assert_array_equal(stacked.reshape(100, 8), got)


def test_batches_hold_every_sample_once() -> None:
    index = np.arange(10, 33)
    one = batches(index, batch=4, steps=8, rng=np.random.default_rng(1))
    assert one.shape == (8, 4)
    assert sorted(one.ravel()[:23].tolist()) == index.tolist()
    assert (one.ravel()[23:] == -1).all()
    again = batches(index, batch=4, steps=6, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(again, one[:6])


def test_batches_of_one_date_each() -> None:
    """7 stocks on three dates in batches of 3: 3, 2 and 2 a date, every sample once, dates mixed."""
    index = np.concatenate([np.arange(14, 21), np.arange(28, 35), np.arange(35, 42)])
    assert count_steps(index, batch=3, stocks=7) == 9
    assert count_steps(index, batch=3) == 7
    orders = set()
    for seed in range(5):
        one = batches(index, batch=3, steps=11, rng=np.random.default_rng(seed), stocks=7)
        real = [row[row >= 0] for row in one[:9]]
        assert sorted(len(row) for row in real) == [2] * 6 + [3] * 3
        assert all(len(np.unique(row // 7)) == 1 for row in real)
        assert sorted(np.concatenate(real).tolist()) == index.tolist()
        assert (one[9:] == -1).all()
        orders.add(tuple(int(row[0] // 7) for row in real))
    assert len(orders) == 5


def test_only_what_is_missing_in_training_has_a_flag() -> None:
    buffer = np.nan_to_num(X.buffer)
    buffer[20, 1, 2] = np.nan
    data = make_dataset(replace(X, buffer=buffer), TARGETS)
    assert flagged_features(data, np.arange(20)).tolist() == []
    assert flagged_features(data, np.arange(21)).tolist() == [2]
    source = to_device(data, 0, np.array([2]))
    x = jax.jit(lambda i: gather(source, i, 0))(np.array([101], dtype=np.int32))
    fitted = fit(data.samples, ("cs",) * 4)
    inputs = jax.jit(transform)(x, scaler_of(fitted), source.flagged)
    np.testing.assert_array_equal(inputs[0, [2, 4]], [0.0, 1.0])
    assert inputs.shape == (1, 5)


def test_blocks_cover_all_samples() -> None:
    parts = list(blocks(np.arange(10), 4))
    assert [part.tolist() for part in parts] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, -1, -1]]
    assert list(blocks(np.arange(0), 4)) == []


def test_low_coverage_is_named() -> None:
    x = np.ones((10, 3), dtype=np.float32)
    x[:9, 1] = np.nan
    assert low_coverage(known_share(x), ("a", "b", "c"), 0.2) == ("b",)
    assert low_coverage(known_share(x), ("a", "b", "c"), 0.1) == ()


def test_a_fold_without_samples_is_an_error() -> None:
    with pytest.raises(DataGapError, match="no training sample"):
        sample_values(DATA, np.arange(0))


def test_blocks_of_columns_are_the_samples() -> None:
    index = np.array([5, 0, 71])
    np.testing.assert_array_equal(
        np.concatenate(list(column_blocks(DATA, index)), axis=1), sample_values(DATA, index)
    )
    with pytest.raises(DataGapError, match="no training sample"):
        next(column_blocks(DATA, np.arange(0)))


def test_features_from_the_engine_are_not_copied_to_a_cpu() -> None:
    """Memory holds one copy of them: JAX takes an array that begins on a cache line as it is."""
    x = new_array((700, 300, 12), "float32")
    x[...] = 1.0
    assert x.nbytes > SMALL
    samples = x.reshape(-1, 12)
    source = to_device(replace(DATA, samples=samples), 0, np.arange(0))
    assert np.shares_memory(np.asarray(source.inputs), samples)
