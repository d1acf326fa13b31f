"""The training loop: padding, masking, short epochs, early stopping, strictness about types and transfers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from learn_support import planted

from jqfast.features.normalize import fit as fit_normaliser
from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.compiled import compile_for
from jqfast.learn.config import TrainConfig
from jqfast.learn.dataset import Scaler, gather, make_dataset, to_device, transform
from jqfast.learn.losses import masked_mean
from jqfast.learn.models import LinearConfig, LstmConfig, MlpConfig, ModelConfig, build
from jqfast.learn.models.flat import layout, unpack
from jqfast.learn.train import Batch, TrainState, Turn, early_stop, fit, make_state, make_step

X, TARGETS = planted(T=40, N=6)
DATA = make_dataset(X, TARGETS)
FLAGGED = np.arange(len(DATA.names))
SOURCE = to_device(DATA, 0, FLAGGED)
FITTED = fit_normaliser(DATA.samples, DATA.norms)
SCALER = Scaler(*(jnp.asarray(getattr(FITTED, name), jnp.float32) for name in Scaler._fields))
CONFIG = TrainConfig(model=MlpConfig(hidden=(4,), dropout=0.0), batch=8)
COMPILED = compile_for(CONFIG)


def state() -> TrainState:
    params = COMPILED.model.init(jax.random.key(1), 8, 2)
    return make_state(CONFIG, params, jnp.array([1, 2], dtype=jnp.uint32))


def leaves(packed: jax.Array) -> list[np.ndarray]:
    """Both weights and both biases of packed parameters."""
    params = unpack(np.asarray(packed), layout(COMPILED.model, 8, 2))
    return [np.asarray(leaf) for leaf in jax.tree.leaves(params)]


def epoch(index: np.ndarray, steps: int) -> tuple[list[np.ndarray], dict[str, float]]:
    """Parameters and metrics after one epoch from a fresh state."""
    after, metrics = COMPILED.epoch(state(), SOURCE, SCALER, turn(index, steps))
    return leaves(after.params), {name: float(value) for name, value in metrics._asdict().items()}


def turn(index: np.ndarray, steps: int) -> Turn:
    """An epoch at the configured learning rate."""
    rates = np.full(len(index), CONFIG.learning_rate, dtype=np.float32)
    return Turn(*jax.device_put((index, np.int32(steps), rates)))


def padded(*rows: list[int]) -> np.ndarray:
    """(6, 8) sample numbers, -1 where none."""
    out = np.full((6, 8), -1, dtype=np.int32)
    for place, row in enumerate(rows):
        out[place, : len(row)] = row
    return out


def test_padding_changes_nothing() -> None:
    a, b = padded([1, 2, 3]), padded([1, 2, 3], [9, 9, 9])
    got, expected = epoch(a, 1), epoch(b, 1)
    for x, y in zip(got[0], expected[0], strict=True):
        np.testing.assert_array_equal(x, y)
    assert got[1] == expected[1]


def test_no_steps_leave_the_parameters_alone() -> None:
    for x, y in zip(epoch(padded([1]), 0)[0], leaves(state().params), strict=True):
        np.testing.assert_array_equal(x, y)


def test_two_steps_are_one_after_the_other() -> None:
    step = jax.jit(make_step(COMPILED.model, CONFIG))
    one, rate, noise = state(), jnp.float32(CONFIG.learning_rate), jnp.zeros((8, 0), jnp.uint8)
    for row in ([1, 2, 3, -1, -1, -1, -1, -1], [4, 5, 6, 7, 8, 9, 10, 11]):
        one, (*_, size) = step(one, SOURCE, SCALER, Batch(jnp.array(row, dtype=jnp.int32), noise, rate))
    got, mean = epoch(padded([1, 2, 3], [4, 5, 6, 7, 8, 9, 10, 11]), 2)
    for x, y in zip(got, leaves(one.params), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-7)
    assert int(one.step) == 2
    assert mean["param_norm"] == pytest.approx(float(size), rel=1e-5)
    assert mean.pop("bad") == -1
    assert min(mean.values()) > 0


def test_missing_targets_of_one_horizon_move_only_the_other() -> None:
    """Row 36 has a label of one session but none of five, so that the second output stays as it is."""
    samples = list(range(36 * 6, 36 * 6 + 6))
    assert np.isnan(DATA.targets[samples]).all(axis=0).tolist() == [False, True]
    before, after = leaves(state().params), epoch(padded(samples), 1)[0]
    for old, new in zip((before[1], before[3]), (after[1], after[3]), strict=True):
        np.testing.assert_array_equal(old[..., 1], new[..., 1])
        assert (old[..., 0] != new[..., 0]).all()


def test_loss_falls_and_fit_keeps_the_best() -> None:
    rng = np.random.default_rng(0)
    samples = DATA.index(np.arange(30), train=True)
    plan = [turn(padded(*rng.permutation(samples)[:48].reshape(6, 8).tolist()), 6)] * 30
    _, history = fit(COMPILED.epoch, state(), (SOURCE, SCALER), plan)
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]
    losses = iter([3.0, 1.0, 2.0, 2.5, 0.1])
    seen: list[list[np.ndarray]] = []

    def validate(params: object) -> np.ndarray:
        seen.append(leaves(params))
        return np.asarray(next(losses))

    best, history = fit(COMPILED.epoch, state(), (SOURCE, SCALER), plan, validate=validate, patience=2)
    assert [float(entry["validation"]) for entry in history] == [3.0, 1.0, 2.0, 2.5]
    for x, y in zip(leaves(best), seen[1], strict=True):
        np.testing.assert_array_equal(x, y)


def test_early_stop_of_folds_together_is_that_of_each_alone() -> None:
    rng = np.random.default_rng(2)
    losses = [rng.normal(size=5) for _ in range(12)]
    for patience in (1, 3):
        for end in range(1, 13):
            better, over = early_stop(losses[:end], patience)
            for k in range(5):
                alone = early_stop([loss[k] for loss in losses[:end]], patience)
                assert (better[k], over[k]) == (alone[0], alone[1])
    assert not early_stop([np.asarray(1.0)] * 50, 0)[1]


def test_strict_ranks_transfers_and_no_nan() -> None:
    first, one = turn(padded([1, 2, 3]), 1), state()
    with (
        jax.numpy_rank_promotion("raise"),
        jax.transfer_guard("disallow"),
        jax.debug_nans(True),
    ):
        strict, loss = COMPILED.epoch(one, SOURCE, SCALER, first)
    plain, same = COMPILED.epoch(state(), SOURCE, SCALER, first)
    assert np.isfinite(np.asarray(loss)).all()
    assert np.array_equal(np.asarray(loss), np.asarray(same))
    assert all(map(np.array_equal, jax.tree.leaves(strict), jax.tree.leaves(plain)))


@pytest.mark.parametrize("config", [MlpConfig(hidden=(4, 3)), LstmConfig(hidden=3, length=4), LinearConfig()])
def test_strict_types_in_all_that_is_ours(config: ModelConfig) -> None:
    """From the gather to the loss; the optimiser's own code promotes an int of its step count."""
    model = build(config)

    def loss(params: object, index: jax.Array, noise: jax.Array) -> jax.Array:
        x = transform(gather(SOURCE, index, model.length), SCALER, SOURCE.flagged)
        predicted = model.apply_batch(params, x, noise)
        target = SOURCE.targets[index]
        return masked_mean("huber", predicted, target, jnp.ones_like(target))

    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        params = jax.eval_shape(lambda: model.init(jax.random.key(0), 8, 2))
        noise = jnp.zeros((5, model.noise_units), jnp.uint8)
        slopes = jax.eval_shape(jax.grad(loss), params, jnp.arange(5), noise)
    assert jax.tree.map(jnp.shape, slopes) == jax.tree.map(jnp.shape, params)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 0}, "`batch` must be an integer >= 1; got 0"),
        ({"learning_rate": 0.0}, "`learning_rate` must be above 0"),
        ({"weight_decay": -1.0}, "`weight_decay` must be >= 0; got -1"),
        ({"clip_norm": float("nan")}, "`clip_norm` must be >= 0; got nan"),
        ({"warmup": 0.9}, "`warmup` must be between 0 and 0.5"),
        ({"correlation_share": 1.5}, "`correlation_share` must be between 0 and 1"),
        ({"schedule": "cosin"}, r"Unknown schedule `cosin`\. Did you mean `cosine`"),
        ({"precision": "bf16"}, "Unknown precision `bf16`"),
        ({"device": "tpu"}, "Unknown device `tpu`"),
        ({"sub_batch": 7}, r"`sub_batch` must divide `batch` \(300\); got 7"),
        ({"sub_batch": 100, "correlation_share": 0.5}, "a correlation needs its whole batch"),
        ({"loss": "squard"}, r"Unknown loss `squard`\. Did you mean `squared`"),
        ({"horizon_weights": (-1.0,)}, "`horizon_weights` must be >= 0"),
        ({"min_coverage": 2.0}, "`min_coverage` must be between 0 and 1"),
    ],
)
def test_bad_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainConfig(**options)  # type: ignore[arg-type]  # passed on


def test_sub_batches_are_the_batch() -> None:
    """Same samples, same noise, gradients added up; some samples are padding, some targets missing."""
    samples = [*range(34 * 6, 35 * 6), *range(36 * 6, 37 * 6), -1, -1, -1, -1]
    rng = np.random.default_rng(1)
    config = replace(CONFIG, model=MlpConfig(hidden=(4,), dropout=0.5), batch=16, loss="huber")
    noise = jnp.asarray(rng.integers(256, size=(16, 4), dtype=np.uint8))
    batch = Batch(jnp.array(samples, jnp.int32), noise, jnp.float32(0.1))
    whole, parts = (
        jax.jit(make_step(compile_for(config).model, replace(config, sub_batch=size)))(
            state(), SOURCE, SCALER, batch
        )
        for size in (0, 4)
    )
    np.testing.assert_allclose(parts[0].params, whole[0].params, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(parts[1], whole[1], rtol=1e-5)


def test_weight_decay_shrinks_weights_and_not_biases() -> None:
    batch = Batch(jnp.array([1, 2, 3, -1], jnp.int32), jnp.zeros((4, 0), jnp.uint8), jnp.float32(0.01))
    plain, decayed = (
        jax.jit(make_step(COMPILED.model, replace(CONFIG, weight_decay=decay)))(
            state(), SOURCE, SCALER, batch
        )[0]
        for decay in (0.0, 0.5)
    )
    like = layout(COMPILED.model, 8, 2)
    before, a, b = (unpack(vector, like) for vector in (state().params, plain.params, decayed.params))
    for old, x, y in zip(before.weights, a.weights, b.weights, strict=True):
        np.testing.assert_allclose(y, x - 0.01 * 0.5 * old, rtol=1e-5, atol=1e-7)
    for x, y in zip(a.biases, b.biases, strict=True):
        np.testing.assert_array_equal(x, y)


def test_horizon_weights_must_fit_the_horizons() -> None:
    config = TrainConfig(model=LinearConfig(), horizon_weights=(1.0, 2.0, 3.0))
    step = make_step(compile_for(config).model, config)
    batch = Batch(jnp.zeros(4, jnp.int32), jnp.zeros((4, 0), jnp.uint8), jnp.float32(1.0))
    with pytest.raises(ValueError, match="one entry per horizon, 2; got 3"):
        jax.eval_shape(step, state(), SOURCE, SCALER, batch)
