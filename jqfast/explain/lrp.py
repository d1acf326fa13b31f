"""Layer-wise relevance propagation: which inputs of a trained net made its prediction what it is.

The arithmetic runs in C++ (:mod:`jqfast._core`) over any number of samples; this module is the door for
people. Dense nets only. The rules are those of Bach et al. (2015) and Montavon et al. (2017, 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias, overload

import numpy as np

from jqfast.errors import unknown
from jqfast.explain.rules import ACTIVATIONS, Rule, RuleLike, rules_of
from jqfast.features.execute import thread_count
from jqfast.types import AnyArray

Bias = Literal["absorb", "redistribute"]
_Dtype: TypeAlias = "np.dtype[np.float32] | np.dtype[np.float64]"


class LrpResult(NamedTuple):
    """Relevance (S, I), the share of the start that biases and stabilisers kept (S,), and the prediction
    (S,).
    """

    relevance: AnyArray
    residual: AnyArray
    prediction: AnyArray


class _Net(NamedTuple):
    """A checked net: arrays of one dtype, C order."""

    weights: list[AnyArray]
    biases: list[AnyArray]
    activations: list[str]
    rules: list[Rule]


@overload
def lrp_dense(
    x: AnyArray,
    weights: Sequence[AnyArray],
    biases: Sequence[AnyArray | None] | None,
    activations: Sequence[str],
    *,
    rule: RuleLike = ...,
    epsilon: float = ...,
    output: int = ...,
    start: AnyArray | float | None = ...,
    bias: Bias = ...,
    dtype: str = ...,
    threads: int | None = ...,
    out: AnyArray | None = ...,
    return_residual: Literal[False] = ...,
) -> AnyArray: ...


@overload
def lrp_dense(
    x: AnyArray,
    weights: Sequence[AnyArray],
    biases: Sequence[AnyArray | None] | None,
    activations: Sequence[str],
    *,
    rule: RuleLike = ...,
    epsilon: float = ...,
    output: int = ...,
    start: AnyArray | float | None = ...,
    bias: Bias = ...,
    dtype: str = ...,
    threads: int | None = ...,
    out: AnyArray | None = ...,
    return_residual: Literal[True],
) -> LrpResult: ...


def lrp_dense(
    x: AnyArray,
    weights: Sequence[AnyArray],
    biases: Sequence[AnyArray | None] | None,
    activations: Sequence[str],
    *,
    rule: RuleLike = "epsilon",
    epsilon: float = 1e-3,
    output: int = 0,
    start: AnyArray | float | None = None,
    bias: Bias = "absorb",
    dtype: str = "float32",
    threads: int | None = None,
    out: AnyArray | None = None,
    return_residual: bool = False,
) -> AnyArray | LrpResult:
    """Relevance of every input of a dense net for one of its outputs.

    Parameters
    ----------
    x : (S, I) inputs as the net sees them
    weights : per layer (I, O), so that a layer is ``act(a @ W + b)``
    biases : per layer (O,) or None; None for a net without biases
    activations : per layer, one of :data:`ACTIVATIONS`; ``"gelu"`` is exact, ``"gelu_tanh"`` what
        ``jax.nn.gelu`` computes by default
    rule : a name, a :class:`Rule`, or one of either per layer, first layer first
    epsilon : of the rules given by name
    output : the output to explain, from 0
    start : relevance to start from, (S,) or one number; None is the predicted value
    bias : ``"absorb"``: biases and stabilisers keep their share; ``"redistribute"``: it goes to the lower
        units in equal parts
    dtype : ``"float32"``, or ``"float64"`` for checks; everything is computed in it
    threads : None for all CPUs this process may use; results do not depend on it
    out : (S, I) C-contiguous array of ``dtype`` to write to, for many calls without new memory
    return_residual : also return the residual share and the prediction

    Returns
    -------
    (S, I) relevance of ``dtype``, or :class:`LrpResult`. A sample with a NaN or infinite input is NaN
    throughout.

    Raises
    ------
    ValueError
        For shapes that do not fit, an unknown rule or activation (with the closest name), or a number out of
        range.

    Notes
    -----
    Relevance starts as the output's value; activations pass it through; a layer hands ``R_j`` to its inputs
    by ``a_i W_ij R_j / (z_j + eps sgn z_j)`` with sgn 0 = 1 (epsilon rule). ``sum_i R_i + residual * start =
    start``: always read relevances together with the residual share.

    References
    ----------
    Bach et al. (2015), PLoS ONE 10(7); Montavon et al. (2019), LNCS 11700, chapter 10.
    """
    from jqfast import _core

    kind = _check_dtype(dtype)
    net = _check_net(weights, biases, activations, rules_of(rule, epsilon, len(weights)), kind)
    inputs = _check_inputs(x, net, kind)
    S = len(inputs)
    if not 0 <= output < net.weights[-1].shape[1]:
        raise ValueError(
            f"`output` must be 0 to {net.weights[-1].shape[1] - 1}, an output of the last layer; "
            f"got {output}."
        )
    if bias not in ("absorb", "redistribute"):
        raise unknown("bias rule", str(bias), ("absorb", "redistribute"))
    relevance = _check_out(out, inputs)
    residual, prediction = np.empty(S, kind), np.empty(S, kind)
    bounds = _bounds(net.rules[0], inputs.shape[1], kind)
    _core.lrp_dense(
        inputs,
        _layers(net),
        out=relevance,
        residual=residual,
        prediction=prediction,
        output=output,
        redistribute=bias == "redistribute",
        threads=thread_count(threads),
        start=_start(start, S, kind),
        low=bounds[0],
        high=bounds[1],
    )
    return LrpResult(relevance, residual, prediction) if return_residual else relevance


def _check_dtype(dtype: str) -> _Dtype:
    """float32 or float64."""
    if dtype not in ("float32", "float64"):
        raise unknown("dtype", str(dtype), ("float32", "float64"))
    return np.dtype(dtype)


def _check_net(
    weights: Sequence[AnyArray],
    biases: Sequence[AnyArray | None] | None,
    activations: Sequence[str],
    rules: list[Rule],
    dtype: _Dtype,
) -> _Net:
    """The net as arrays of one dtype, each layer fitting the one below."""
    if not len(weights):
        raise ValueError("`weights` must hold one (I, O) array per layer; got none.")
    given = [None] * len(weights) if biases is None else list(biases)
    for name, values in (("biases", given), ("activations", activations)):
        if len(values) != len(weights):
            raise ValueError(f"`{name}` must have one entry per layer, {len(weights)}; got {len(values)}.")
    checked = _Net([], [], list(activations), rules)
    for i, (weight, bias) in enumerate(zip(weights, given, strict=True)):
        w = np.ascontiguousarray(weight, dtype=dtype)
        if w.ndim != 2 or 0 in w.shape:
            raise ValueError(
                f"`weights[{i}]` must be (inputs, outputs), none of them 0; got shape {w.shape}."
            )
        if i and w.shape[0] != checked.weights[-1].shape[1]:
            raise ValueError(
                f"`weights[{i}]` must have as many rows as `weights[{i - 1}]` has columns, "
                f"{checked.weights[-1].shape[1]}; got {w.shape[0]}. Transpose weights stored as "
                "(outputs, inputs)."
            )
        b = np.zeros(w.shape[1], dtype) if bias is None else np.ascontiguousarray(bias, dtype=dtype)
        if b.shape != w.shape[1:]:
            raise ValueError(f"`biases[{i}]` must have shape {w.shape[1:]}; got {b.shape}.")
        if activations[i] not in ACTIVATIONS:
            raise unknown("activation", str(activations[i]), ACTIVATIONS)
        checked.weights.append(w)
        checked.biases.append(b)
    return checked


def _check_inputs(x: AnyArray, net: _Net, dtype: _Dtype) -> AnyArray:
    """`x` as a C-contiguous array of `dtype`: the one copy that is made, if any."""
    inputs = np.ascontiguousarray(x, dtype=dtype)
    want = net.weights[0].shape[0]
    if inputs.ndim != 2 or inputs.shape[1] != want:
        raise ValueError(
            f"`x` must be (samples, {want}), as `weights[0]` has {want} rows; got {inputs.shape}."
        )
    return inputs


def _check_out(out: AnyArray | None, inputs: AnyArray) -> AnyArray:
    """The array to write to."""
    if out is None:
        return np.empty_like(inputs)
    if out.shape != inputs.shape or out.dtype != inputs.dtype or not out.flags.c_contiguous:
        raise ValueError(
            f"`out` must be a C-contiguous {inputs.dtype} array of shape {inputs.shape}; "
            f"got {out.dtype} of shape {out.shape}."
        )
    if not out.flags.writeable:
        raise ValueError("`out` must be writeable; got a read-only array.")
    if np.may_share_memory(out, inputs):
        raise ValueError("`out` must not share memory with `x`; the inputs are read while it is written.")
    return out


def _bounds(rule: Rule, inputs: int, dtype: _Dtype) -> tuple[AnyArray | None, AnyArray | None]:
    """Lower and upper bound of each input for `zbox`."""
    if rule.name != "zbox":
        return None, None
    low, high = np.asarray(rule.low, dtype=dtype), np.asarray(rule.high, dtype=dtype)
    for name, bound in (("low", low), ("high", high)):
        if bound.ndim and bound.shape != (inputs,):
            raise ValueError(f"`{name}` must be one number or one per input, {inputs}; got {bound.shape}.")
    if not np.all(np.less_equal(low, high)):
        raise ValueError("`low` must not be above `high`; exchange them.")
    return _spread(low, inputs), _spread(high, inputs)


def _spread(values: AnyArray, count: int) -> AnyArray:
    """One value per place, from one number or from as many."""
    return np.ascontiguousarray(np.broadcast_to(values, (count,)))


def _start(start: AnyArray | float | None, samples: int, dtype: _Dtype) -> AnyArray | None:
    """The start values, one per sample."""
    if start is None:
        return None
    values = np.asarray(start, dtype=dtype)
    if values.ndim and values.shape != (samples,):
        raise ValueError(f"`start` must be one number or one per sample, {samples}; got {values.shape}.")
    return _spread(values, samples)


def _layers(net: _Net) -> list[tuple[AnyArray, AnyArray, str, str, float, float, float, float, bool]]:
    """The net as `_core` takes it."""
    return [
        (w, b, activation, r.name, r.epsilon, r.gamma, r.alpha, r.beta, r.denominator == "activation")
        for w, b, activation, r in zip(net.weights, net.biases, net.activations, net.rules, strict=True)
    ]
