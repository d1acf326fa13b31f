"""Ridge regression in closed form: (X^T X / n + penalty I) W = X^T Y / n, the bias unpenalised."""

from __future__ import annotations

import numpy as np

from jqfast.errors import NumericError
from jqfast.learn._jax_setup import jnp
from jqfast.learn.models.linear import LinearParams, RidgeConfig
from jqfast.types import AnyArray, FloatArray

#: Samples whose products are taken at a time in float64; bounds the memory.
_CHUNK = 16_384


def solve(x: AnyArray, y: AnyArray, config: RidgeConfig) -> tuple[LinearParams, AnyArray]:
    """Coefficients of each output over the samples whose target is known, and the mean squared error.

    Parameters
    ----------
    x : (S, I) float32
    y : (S, O) float32, NaN where unknown
    config : RidgeConfig

    Raises
    ------
    NumericError
        Without a penalty, when inputs are linear combinations of each other.
    """
    outputs = y.shape[1]
    weight, bias, losses = np.zeros((x.shape[1], outputs)), np.zeros(outputs), np.zeros(outputs)
    for output in range(outputs):
        known = np.isfinite(y[:, output])
        weight[:, output], bias[output], losses[output] = _solve_one(
            x[known], y[known, output], config.penalty
        )
    params = LinearParams(jnp.asarray(weight, jnp.float32), jnp.asarray(bias, jnp.float32))
    return params, np.asarray(losses.mean())


def _solve_one(x: AnyArray, y: AnyArray, penalty: float) -> tuple[FloatArray, float, float]:
    """Coefficients, bias and mean squared error of one output."""
    n, inputs = x.shape
    mean, target = x.mean(axis=0, dtype=np.float64), float(y.mean(dtype=np.float64))
    gram, moment, total = np.zeros((inputs, inputs)), np.zeros(inputs), 0.0
    for start in range(0, n, _CHUNK):
        part = x[start : start + _CHUNK] - mean
        rest = y[start : start + _CHUNK] - target
        gram += part.T @ part
        moment += part.T @ rest
        total += float(rest @ rest)
    try:
        weight = np.linalg.solve(gram / n + penalty * np.eye(inputs), moment / n)
    except np.linalg.LinAlgError:
        raise NumericError(
            "The inputs of a ridge regression are linear combinations of each other; set `penalty` above 0."
        ) from None
    loss = (total - 2 * weight @ moment + weight @ gram @ weight) / n
    return weight, target - float(mean @ weight), float(loss)
