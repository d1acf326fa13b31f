"""LRP against an independent NumPy implementation, gradients, and JAX's activations, in float64."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from jqfast.explain import ACTIVATIONS, RULES, Rule, lrp_dense

Array = np.ndarray
LOW, HIGH = -2.0, 3.0


def net(sizes: list[int], seed: int, *, biases: bool = True) -> tuple[list[Array], list[Array]]:
    rng = np.random.default_rng(seed)
    weights = [rng.standard_normal((i, o)) / np.sqrt(i) for i, o in pairwise(sizes)]
    return weights, [0.3 * biases * rng.standard_normal(o) for o in sizes[1:]]


def activate(name: str, z: Array) -> Array:
    functions: dict[str, Callable[[Array], Array]] = {
        "linear": lambda z: z,
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(z, 0),
        "sigmoid": special.expit,
        "elu": lambda z: np.where(z < 0, np.expm1(np.minimum(z, 0)), z),
        "gelu": lambda z: z * special.ndtr(z),
        "gelu_tanh": lambda z: 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))),
        "silu": lambda z: z * special.expit(z),
    }
    return functions[name](z)


def sgn(z: Array) -> Array:
    return np.where(z >= 0, 1.0, -1.0)


def messages(rule: Rule, a: Array, w: Array, b: Array, z: Array) -> list[tuple[Array, Array, Array, float]]:
    """(numerators (S, I, O), denominators (S, O), what bias and stabiliser put there, factor) of a layer."""
    c = a[:, :, None] * w[None]
    plus, minus = (lambda v: np.maximum(v, 0)), (lambda v: np.minimum(v, 0))
    eps, g = rule.epsilon, rule.gamma
    zero = np.zeros_like(z)

    def part(numerator: Array, bias: Array, epsilon: float, factor: float = 1.0) -> tuple:
        d = numerator.sum(axis=1) + bias
        return numerator, d + epsilon * sgn(d), bias + epsilon * sgn(d), factor

    if rule.name in ("epsilon", "lrp0"):
        epsilon = eps if rule.name == "epsilon" else 0.0
        if rule.denominator == "preactivation":
            return [part(c, zero + b, epsilon)]
        raise AssertionError("compared elsewhere")
    if rule.name == "alphabeta":
        return [
            part(plus(c), zero + plus(b), eps, rule.alpha),
            part(minus(c), zero + minus(b), eps, -rule.beta),
        ]
    if rule.name == "zplus":
        return [part(plus(c), zero + plus(b), eps)]
    if rule.name == "gamma":
        a3 = a[:, :, None]
        up = plus(a3) * (w + g * plus(w)) + minus(a3) * (w + g * minus(w))
        down = plus(a3) * (w + g * minus(w)) + minus(a3) * (w + g * plus(w))
        numerator = np.where(z[:, None] > 0, up, down)
        return [part(numerator, np.where(z > 0, b + g * plus(b), b + g * minus(b)), 0.0)]
    if rule.name == "wsquare":
        return [part(np.broadcast_to(w**2, c.shape), zero + b**2, eps)]
    if rule.name == "flat":
        return [part(np.ones_like(c), zero, eps)]
    return [part(c - LOW * plus(w) - HIGH * minus(w), zero, 0.0)]


def relevance(
    x: Array,
    weights: list[Array],
    biases: list[Array],
    activations: list[str],
    rules: list[Rule],
    output: int,
    redistribute: bool,
) -> tuple[Array, Array]:
    """Relevance of the inputs and prediction, layer by layer over all pairs of units."""
    units, sums = [x], []
    for w, b, name in zip(weights, biases, activations, strict=True):
        sums.append(units[-1] @ w + b)
        units.append(activate(name, sums[-1]))
    R = np.zeros_like(units[-1])
    R[:, output] = units[-1][:, output]
    for layer in reversed(range(len(weights))):
        lower = np.zeros_like(units[layer])
        kept = np.zeros(len(x))
        parts = messages(rules[layer], units[layer], weights[layer], biases[layer], sums[layer])
        for numerator, d, others, factor in parts:
            safe = np.where(d == 0, 1.0, d)
            lower += factor * np.where(d[:, None] == 0, 0.0, numerator / safe[:, None] * R[:, None]).sum(
                axis=2
            )
            kept += factor * np.where(d == 0, R, others / safe * R).sum(axis=1)
        R = lower + redistribute * kept[:, None] / lower.shape[1]
    return R, units[-1][:, output]


def rule_of(name: str) -> Rule:
    return Rule(name, low=LOW, high=HIGH)  # type: ignore[arg-type]


def samples(count: int, inputs: int, seed: int) -> Array:
    x = np.random.default_rng(seed).uniform(LOW, HIGH, (count, inputs))
    x[0] = 0.0
    x[1, ::2] = 0.0
    x[2] = 50.0  # saturates every bounded activation
    return x


@pytest.mark.parametrize("redistribute", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", RULES)
def test_every_rule_and_activation_equals_numpy(name: str, activation: str, redistribute: bool) -> None:
    compared = 0
    for sizes in ([5, 1], [1, 1, 1], [7, 9, 4, 3], [40, 17, 16, 2]):
        weights, biases = net(sizes, len(sizes))
        activations = [activation] * (len(weights) - 1) + ["linear"]
        x = samples(21, sizes[0], 7)
        rules = [rule_of(name)] + [rule_of(name if name != "zbox" else "epsilon")] * (len(weights) - 1)
        output = sizes[-1] - 1
        expected, prediction = relevance(x, weights, biases, activations, rules, output, redistribute)
        result = lrp_dense(
            x,
            weights,
            biases,
            activations,
            rule=rules,
            output=output,
            bias="redistribute" if redistribute else "absorb",
            dtype="float64",
            return_residual=True,
        )
        scale = np.abs(expected).max(axis=1, keepdims=True) + np.abs(prediction[:, None]) + 1e-30
        assert np.abs((result.relevance - expected) / scale).max() < 1e-9
        np.testing.assert_allclose(result.prediction, prediction, rtol=1e-12, atol=1e-14)
        lost = prediction - expected.sum(axis=1)
        assert np.abs((result.residual * prediction - lost) / scale[:, 0]).max() < 1e-9
        compared += expected.size
    assert compared == 21 * (5 + 1 + 7 + 40)


def test_composites_equal_numpy() -> None:
    weights, biases = net([12, 9, 8, 3], 3)
    activations = ["relu", "elu", "linear"]
    rules = [Rule("wsquare"), Rule("gamma", gamma=0.7), Rule("epsilon", epsilon=0.25)]
    x = samples(30, 12, 5)
    expected, _ = relevance(x, weights, biases, activations, rules, 1, False)
    result = lrp_dense(x, weights, biases, activations, rule=rules, output=1, dtype="float64")
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-12)


def test_activation_denominator_equals_numpy() -> None:
    weights, biases = net([6, 5, 1], 8)
    x = samples(12, 6, 2)
    result = lrp_dense(
        x, weights, biases, ["tanh", "linear"], rule=Rule(denominator="activation"), dtype="float64"
    )
    z = x @ weights[0] + biases[0]
    a = np.tanh(z)
    y = a @ weights[1] + biases[1]
    upper = a * weights[1][:, 0] * y / (y + 1e-3 * sgn(y))
    expected = x * ((upper / (a + 1e-3 * sgn(a))) @ weights[0].T)
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("sizes", [[8, 1], [8, 16, 1], [31, 64, 33, 5]])
def test_lrp0_of_a_relu_net_without_biases_is_gradient_times_input(sizes: list[int]) -> None:
    weights, _ = net(sizes, 11)
    x = np.random.default_rng(4).standard_normal((50, sizes[0]))
    activations = ["relu"] * (len(weights) - 1) + ["linear"]
    with jax.enable_x64(True):

        def predict(row: jax.Array) -> jax.Array:
            for w in weights[:-1]:
                row = jax.nn.relu(row @ jnp.asarray(w))
            return (row @ jnp.asarray(weights[-1]))[0]

        gradient = np.asarray(jax.vmap(jax.grad(predict))(jnp.asarray(x)))
    result = lrp_dense(x, weights, None, activations, rule="lrp0", dtype="float64", return_residual=True)
    np.testing.assert_allclose(result.relevance, gradient * x, rtol=1e-9, atol=1e-12)
    assert np.abs(result.residual).max() < 1e-9


def test_epsilon_tends_to_lrp0() -> None:
    weights, biases = net([9, 8, 1], 6)
    x = np.random.default_rng(1).standard_normal((40, 9))
    call = (x, weights, biases, ["tanh", "linear"])
    exact = lrp_dense(*call, rule="lrp0", dtype="float64")
    gaps = [np.abs(lrp_dense(*call, epsilon=e, dtype="float64") - exact).max() for e in (1e-2, 1e-5, 1e-8)]
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] < 1e-3 * gaps[0]


@pytest.mark.parametrize(
    ("name", "ulps32", "ulps64"),
    [("tanh", 5, 5), ("sigmoid", 5, 5), ("elu", 5, 5), ("silu", 6, 6), ("gelu", 12, 12), ("gelu_tanh", 8, 8)],
)
def test_activations_are_within_a_few_units_in_the_last_place(name: str, ulps32: int, ulps64: int) -> None:
    """One unit with weight 1: its prediction is the activation itself."""
    z = np.concatenate(
        [np.linspace(-3, 30, 40_001), np.geomspace(1e-30, 1, 2001), -np.geomspace(1e-30, 3, 2001)]
    )
    for dtype, ulps in (("float32", ulps32), ("float64", ulps64)):
        x = z.astype(dtype)[:, None]
        one = [np.ones((1, 1))]
        result = lrp_dense(x, one, None, [name], dtype=dtype, return_residual=True)
        exact = activate(name, x[:, 0].astype(np.float64))
        # 1 + tanh cancels below 0: there the size of z is the scale.
        cancels = np.abs(z) * (z < 0) if name == "gelu_tanh" else 0.0
        scale = np.maximum(np.abs(exact), cancels)
        gap = np.abs(result.prediction - exact) / (np.finfo(dtype).eps * scale + 1e-300)
        assert gap.max() < ulps, f"{dtype}: {gap.max():.2f} units at {z[gap.argmax()]:.4g}"


def test_activations_far_out() -> None:
    z = np.array([-1e30, -800.0, -90.0, -40.0, -10.0, 40.0, 800.0, 1e30])
    for name in ACTIVATIONS:
        for dtype in ("float32", "float64"):
            x = z.astype(dtype)[:, None]
            got = lrp_dense(x, [np.ones((1, 1))], None, [name], dtype=dtype, return_residual=True).prediction
            with np.errstate(over="ignore"):
                want = activate(name, z)
            want = np.where(np.isnan(want), np.where(z < 0, 0.0, z), want)  # gelu_tanh of 1e30 in the oracle
            np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-30, err_msg=name)


def test_float32_agrees_with_float64_on_the_reference_net() -> None:
    weights, biases = net([126, 64, 64, 32, 1], 2)
    x = np.random.default_rng(0).standard_normal((2000, 126))
    call = (weights, biases, ["tanh", "tanh", "tanh", "linear"])
    single = lrp_dense(x.astype(np.float32), *call, return_residual=True)
    double = lrp_dense(x.astype(np.float32), *call, dtype="float64", return_residual=True)
    scale = np.abs(double.relevance).max(axis=1, keepdims=True)
    gap = np.abs(single.relevance - double.relevance) / scale
    # A unit whose z is near 0 magnifies rounding by up to 1 / epsilon.
    assert np.median(gap.max(axis=1)) < 1e-4
    np.testing.assert_allclose(single.prediction, double.prediction, rtol=1e-3, atol=1e-5)
