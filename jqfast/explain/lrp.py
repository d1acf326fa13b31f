"""Layer-wise relevance propagation: which inputs of a trained net made its prediction what it is.

The arithmetic runs in C++ (:mod:`jqfast._core`) over any number of samples; this module is the door for
people. The rules are those of Bach et al. (2015), Montavon et al. (2017, 2019) and, for the LSTM, Arras et
al. (2017, 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np

from jqfast.explain._arrays import Bias, How, Missing, Output
from jqfast.explain._run import explain, explain_all, job_of, make_job, new_outs
from jqfast.explain.nets import DenseNet, Explainable, LstmLayer, LstmNet, PoolingName, net_of
from jqfast.explain.prepared import PreparedNet, prepare
from jqfast.explain.result import LrpResult
from jqfast.explain.rules import RuleLike
from jqfast.types import AnyArray

Head = DenseNet | tuple[AnyArray, AnyArray | None]


@overload
def lrp_dense(
    x: AnyArray,
    weights: Sequence[AnyArray],
    biases: Sequence[AnyArray | None] | None,
    activations: Sequence[str],
    *,
    rule: RuleLike = ...,
    epsilon: float = ...,
    output: Output = ...,
    start: AnyArray | float | None = ...,
    bias: Bias = ...,
    dtype: str = ...,
    threads: int | None = ...,
    missing: Missing = ...,
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
    output: Output = ...,
    start: AnyArray | float | None = ...,
    bias: Bias = ...,
    dtype: str = ...,
    threads: int | None = ...,
    missing: Missing = ...,
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
    output: Output = 0,
    start: AnyArray | float | None = None,
    bias: Bias = "absorb",
    dtype: str = "float32",
    threads: int | None = None,
    missing: Missing = "refuse",
    out: AnyArray | None = None,
    return_residual: bool = False,
) -> AnyArray | LrpResult:
    """Relevance of every input of a dense net for one of its outputs, or for several.

    Parameters
    ----------
    x : (S, I) inputs as the net sees them, or (..., I): dates x stocks x inputs in one call
    weights : per layer (I, O), so that a layer is ``act(a @ W + b)``
    biases : per layer (O,) or None; None for a net without biases
    activations : per layer, one of :data:`ACTIVATIONS`; ``"gelu"`` is exact, ``"gelu_tanh"`` what
        ``jax.nn.gelu`` computes by default
    rule : a name, a :class:`Rule`, or one of either per layer, first layer first
    epsilon : of the rules given by name, in units of the target
    output : the output to explain, from 0; several (one per horizon, say) give a leading axis K
    start : relevance to start from, (S,) or one number; None is the predicted value
    bias : ``"absorb"``: biases and stabilisers keep their share; ``"redistribute"``: it goes to the lower
        units in equal parts
    dtype : ``"float32"``, or ``"float64"`` for checks; everything is computed in it
    threads : None for all CPUs this process may use; results do not depend on it
    missing : ``"refuse"`` raises for a NaN or infinite input, ``"nan"`` makes its sample NaN throughout
    out : C-contiguous array of ``dtype`` and of the result's shape, for many calls without new memory
    return_residual : also return the residual share and the prediction

    Returns
    -------
    (S, I) relevance of ``dtype``, or :class:`LrpResult`.

    Raises
    ------
    ValueError
        For shapes that do not fit, an unknown rule or activation (with the closest name), a number out of
        range, or an input that is not finite, by its name.

    Notes
    -----
    Relevance starts as the output's value; activations pass it through; a layer hands ``R_j`` to its inputs
    by ``a_i W_ij R_j / (z_j + eps sgn z_j)`` with sgn 0 = 1 (epsilon rule). ``sum_i R_i + residual * start =
    start``: always read relevances together with the residual share. Instruction sets with fused
    multiply-add agree bit by bit; ``JQFAST_ISA=baseline`` differs from them by rounding.

    References
    ----------
    Bach et al. (2015), PLoS ONE 10(7); Montavon et al. (2019), LNCS 11700, chapter 10.
    """
    how = How(output, start, bias, dtype, threads, missing)
    result = explain(make_job(DenseNet(weights, biases, activations), x, rule, epsilon, how), out)
    return result if return_residual else result.relevance


def lrp_lstm(
    x: AnyArray,
    layers: Sequence[LstmLayer | tuple[AnyArray, AnyArray, AnyArray]],
    head: Head,
    rule: RuleLike = "epsilon",
    epsilon: float = 1e-3,
    *,
    pooling: PoolingName = "last",
    query: AnyArray | None = None,
    return_residual: bool = False,
    out: AnyArray | None = None,
    **how: Any,
) -> AnyArray | LrpResult:
    """Relevance of every input on every session of an LSTM's sequences.

    Parameters
    ----------
    x : (S, L, I) sequences as the net sees them, oldest session first; more axes before are kept
    layers : per LSTM layer, lowest first, (W_x (I, 4H), W_h (H, 4H), b (4H,)), gate order i, f, g, o
    head : (W (H, O), b (O,)) of a linear head, or a :class:`DenseNet`
    rule : ``"epsilon"`` or ``"lrp0"``, or one rule per layer of the head; the recurrent layers take the first
    epsilon : of the rules given by name, in units of the target
    pooling, query : as :class:`LstmNet`
    out, return_residual : as :func:`lrp_dense`
    **how : ``output``, ``start``, ``bias``, ``dtype``, ``threads``, ``missing`` as :func:`lrp_dense`

    Returns
    -------
    (S, L, I) relevance, or :class:`LrpResult` with ``initial``: what reached the states before the first
    session. ``sum R + initial + residual * start = start``.

    Notes
    -----
    In ``h = o tanh(c)`` and in the products of ``c = f c' + i g`` the signal takes all relevance and the gate
    none; the sum is split by the epsilon rule with ``c + eps sgn c`` below; ``g = tanh(z)`` hands its
    relevance to ``(x_t, h_{t-1})`` by the epsilon rule with the whole ``z``. With ``bias="redistribute"``
    what a bias or stabiliser keeps goes in equal parts to the units it was summed with.

    A random LSTM absorbs most of its output in biases: never quote its relevances without the residual.

    References
    ----------
    Arras et al. (2017), W17-5221; Arras et al. (2019), LNCS 11700, chapter 11.
    """
    stack = [layer if isinstance(layer, LstmLayer) else LstmLayer(*layer) for layer in layers]
    net = LstmNet(stack, _head(head), pooling, query)
    result = explain(make_job(net, x, rule, epsilon, How(**how)), out)
    return result if return_residual else result.relevance


def lrp(
    model: Explainable,
    x: AnyArray,
    *,
    rule: RuleLike = "epsilon",
    epsilon: float = 1e-3,
    out: AnyArray | None = None,
    **how: Any,
) -> LrpResult:
    """Relevance of the inputs of a trained model.

    Parameters
    ----------
    model : a trained fold (:class:`jqfast.learn.FoldModel`), a :class:`DenseNet` or an :class:`LstmNet`; for
        many calls see :func:`jqfast.explain.prepare`, for many models :func:`lrp_many`
    x : (..., I) model inputs of a dense net, (..., L, I) sequences of an LSTM, normalised as in training
    rule, epsilon, out : as :func:`lrp_dense`
    **how : ``output``, ``start``, ``bias``, ``dtype``, ``threads``, ``missing`` as :func:`lrp_dense`

    Returns
    -------
    LrpResult; its ``note`` states the scale of the target, which epsilon is to be measured by.
    """
    names = getattr(model, "input_names", None)
    if names:
        how.setdefault("names", names)
    return explain(make_job(net_of(model), x, rule, epsilon, How(**how)), out)


def lrp_many(
    models: Sequence[Explainable | PreparedNet],
    xs: Sequence[AnyArray],
    *,
    outs: Sequence[AnyArray] | None = None,
    threads: int | None = None,
    missing: Missing = "refuse",
    **rules: Any,
) -> list[LrpResult]:
    """Relevance for several models in one call, each with samples of its own: the folds of a walk-forward.

    Parameters
    ----------
    models : M of them, as :func:`lrp` takes them, or from :func:`jqfast.explain.prepare`
    xs : per model its inputs, as ``x`` of :func:`lrp`; (M, ..., I) in one array will do
    outs : per model the array to write to; None makes new ones, parts of one block of memory
    threads, missing : as :func:`lrp_dense`; the threads take from all models in turn
    **rules : ``rule``, ``epsilon``, ``output``, ``bias``, ``dtype`` as :func:`jqfast.explain.prepare`, for
        the models that are not prepared

    Returns
    -------
    list of M :class:`LrpResult`, what as many calls of :func:`lrp` return.

    Raises
    ------
    ValueError
        As :func:`lrp`; also for unequal numbers of models and inputs, and for prepared models of two dtypes.
    """
    ready = [one if isinstance(one, PreparedNet) else prepare(one, **rules) for one in models]
    for name, given in (("xs", xs), ("outs", outs)):
        if given is not None and len(given) != len(ready):
            raise ValueError(f"`{name}` must have one array per model, {len(ready)}; got {len(given)}.")
    if len({one.how.dtype for one in ready}) > 1:
        raise ValueError("`models` must be of one dtype; got float32 and float64. Prepare them alike.")
    jobs = [job_of(one, x, threads=threads, missing=missing) for one, x in zip(ready, xs, strict=True)]
    return explain_all(jobs, new_outs(jobs) if outs is None else outs)


def _head(head: Head) -> DenseNet:
    """A dense net, from (W, b) with W (H, O) or (H,)."""
    if isinstance(head, DenseNet):
        return head
    if len(head) != 2:
        raise ValueError(f"`head` must be (W, b) or a DenseNet; got {len(head)} entries.")
    weight = np.asarray(head[0])
    bias = None if head[1] is None else np.atleast_1d(np.asarray(head[1]))
    return DenseNet([weight[:, None] if weight.ndim == 1 else weight], [bias], ["linear"])
