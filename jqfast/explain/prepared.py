"""Nets made ready for LRP: checked once, their weights packed once, for any number of calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from jqfast.errors import unknown
from jqfast.explain._arrays import Bias, How, Missing, Output, chosen_outputs
from jqfast.explain.nets import DenseNet, Explainable, FloatType, LstmNet, Net, net_of
from jqfast.explain.rules import Rule, RuleLike, rules_of
from jqfast.types import AnyArray

if TYPE_CHECKING:
    from jqfast._core import LrpNet
    from jqfast.explain.result import LrpResult


@dataclass(frozen=True, eq=False)
class PreparedNet:
    """A net with its rules, ready to explain; made by :func:`prepare`.

    Parameters
    ----------
    net : as arrays of one dtype
    rules : per dense layer
    outputs : those that are explained
    several : whether they have an axis of their own in the results
    how : the options of the calls, as far as they belong to the net
    """

    net: Net
    rules: tuple[Rule, ...]
    outputs: tuple[int, ...]
    several: bool
    how: How
    _packed: dict[int, LrpNet] = field(default_factory=dict, repr=False)

    def lrp(
        self,
        x: AnyArray,
        *,
        start: AnyArray | float | None = None,
        threads: int | None = None,
        missing: Missing = "refuse",
        out: AnyArray | None = None,
    ) -> LrpResult:
        """Relevance of the inputs ``x``; arguments and result as :func:`jqfast.explain.lrp`."""
        from jqfast.explain._run import explain, job_of

        return explain(job_of(self, x, start=start, threads=threads, missing=missing), out)

    @property
    def axes(self) -> int:
        """Axes of one sample: 1 for inputs, 2 for sessions x inputs."""
        return 2 if isinstance(self.net, LstmNet) else 1

    def packed(self, length: int) -> LrpNet:
        """The net as the core runs it; ``length`` is the sessions of a sequence, 1 for a dense net."""
        if length not in self._packed:
            self._packed[length] = _pack(self, length)
        return self._packed[length]


def prepare(
    model: Explainable,
    *,
    rule: RuleLike = "epsilon",
    epsilon: float = 1e-3,
    output: Output = 0,
    bias: Bias = "absorb",
    dtype: str = "float32",
) -> PreparedNet:
    """A model made ready for many calls of LRP: what a call does before its first sample is done here, once.

    Parameters
    ----------
    model, rule, epsilon, output, bias, dtype : as :func:`jqfast.explain.lrp`

    Returns
    -------
    PreparedNet, whose ``lrp(x)`` explains samples. Later changes of the model's arrays do not reach it.

    Raises
    ------
    ValueError
        As :func:`jqfast.explain.lrp`, as far as the net and its rules are concerned.

    Examples
    --------
    >>> import numpy as np
    >>> from jqfast.explain import DenseNet, prepare
    >>> net = prepare(DenseNet([np.array([[2.0], [1.0]])], None, ["linear"]), rule="lrp0")
    >>> net.lrp(np.array([[1.0, 3.0]])).relevance
    array([[2., 3.]], dtype=float32)
    """
    how = How(output=output, bias=bias, dtype=dtype, names=getattr(model, "input_names", None))
    ready = prepared_net(net_of(model), rule, epsilon, how)
    if ready.axes == 1:
        ready.packed(1)  # sequences are packed when the first call tells their length
    return ready


def prepared_net(net: Net, rule: RuleLike, epsilon: float, how: How) -> PreparedNet:
    """The same from options that are together already."""
    checked = net.checked(how.kind)
    dense = checked if isinstance(checked, DenseNet) else checked.head
    rules = tuple(rules_of(rule, epsilon, len(dense.weights)))
    if isinstance(checked, LstmNet):
        recurrent_epsilon(rules)
    outputs, several = chosen_outputs(how.output, checked.outputs)
    own = replace(how, start=None, threads=None, missing="refuse")
    return PreparedNet(checked, rules, tuple(outputs), several, own)


def recurrent_epsilon(rules: Sequence[Rule]) -> float:
    """The recurrent layers know epsilon and lrp0; they take what the head's first layer has."""
    first = rules[0]
    if first.name not in ("epsilon", "lrp0") or first.denominator != "preactivation":
        raise unknown("rule for LSTM layers", first.name, ("epsilon", "lrp0"))
    return 0.0 if first.name == "lrp0" else first.epsilon


def _pack(prepared: PreparedNet, length: int) -> LrpNet:
    from jqfast import _core

    net, rules = prepared.net, prepared.rules
    common: dict[str, Any] = {
        "outputs": prepared.outputs,
        "redistribute": prepared.how.bias == "redistribute",
    }
    if isinstance(net, DenseNet):
        low, high = _bounds(rules[0], net.inputs, prepared.how.kind)
        return _core.lrp_dense_net(_layers(net, rules), low=low, high=high, **common)
    return _core.lrp_lstm_net(
        [tuple(layer) for layer in net.layers],
        _layers(net.head, rules),
        length=length,
        pooling=net.pooling,
        query=net.query,
        epsilon=recurrent_epsilon(rules),
        **common,
    )


def _bounds(rule: Rule, inputs: int, dtype: FloatType) -> tuple[AnyArray | None, AnyArray | None]:
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


def _layers(
    net: DenseNet, rules: Sequence[Rule]
) -> list[tuple[AnyArray, AnyArray, str, str, float, float, float, float, bool]]:
    """The dense net as `_core` takes it."""
    biases: Any = net.biases
    return [
        (w, b, activation, r.name, r.epsilon, r.gamma, r.alpha, r.beta, r.denominator == "activation")
        for w, b, activation, r in zip(net.weights, biases, net.activations, rules, strict=True)
    ]
