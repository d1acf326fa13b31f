"""Perceptron and LSTM against PyTorch in float64, outputs, loss and every gradient, on the same weights.

`tests/golden/make_torch_models.py` wrote the answers.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.losses import masked_mean
from jqfast.learn.models import LstmConfig, MlpConfig, ModelConfig, build

with np.load(Path(__file__).parents[1] / "golden" / "torch_models.npz") as answers:
    GOLDEN = dict(answers)
CASES: dict[str, tuple[ModelConfig, str]] = {
    "mlp_tanh": (MlpConfig(hidden=(8, 4), dropout=0.0), "squared"),
    "mlp_silu": (MlpConfig(hidden=(8, 4), activation="silu", dropout=0.0), "squared"),
    **{
        f"lstm_{layers}": (LstmConfig(hidden=4, length=6, layers=layers, dropout=0.0), "huber")
        for layers in (1, 2, 3)
    },
}
#: Sums of at most a few dozen products of numbers near 1, through at most three layers of six sessions.
TOLERANCE = 1000 * np.finfo(np.float64).eps


@pytest.mark.parametrize("way", ["apply", "apply_batch"])
@pytest.mark.parametrize("case", CASES)
def test_outputs_and_gradients_are_those_of_pytorch(case: str, way: str) -> None:
    config, loss = CASES[case]
    golden = {name.split("/")[1]: GOLDEN[name] for name in GOLDEN if name.startswith(f"{case}/")}
    model = build(config)
    weights, biases = (
        [golden[f"{letter}{n}"] for n in range(len(golden)) if f"{letter}{n}" in golden] for letter in "wb"
    )
    with jax.enable_x64(True):
        x, y = jnp.asarray(golden["x"]), jnp.asarray(golden["y"])
        params = jax.tree.map(jnp.asarray, model.from_layers(weights, biases))

        def outputs(params: object) -> jax.Array:
            if way == "apply":
                return jax.vmap(model.apply, in_axes=(None, 0, None))(params, x, None)
            return model.apply_batch(params, x, None)

        def scored(params: object) -> tuple[jax.Array, jax.Array]:
            out = outputs(params)
            return masked_mean(loss, out, y, jnp.ones_like(out)), out

        (value, out), slopes = jax.jit(jax.value_and_grad(scored, has_aux=True))(params)
        compared = [(out, golden["out"]), (value, golden["loss"])]
        for letter, found in zip(("dw", "db"), model.to_layers(slopes), strict=True):
            compared += [(slope, golden[f"{letter}{n}"]) for n, slope in enumerate(found)]
    for ours, theirs in compared:
        assert np.asarray(ours).dtype == np.float64
        np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)
    assert len(compared) == 2 + len(weights) + len(biases)
