"""The calls into the core: a checked net, samples, and the arrays to fill."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from jqfast.errors import unknown
from jqfast.explain._arrays import How, Samples, check_out, refuse_missing, samples_of
from jqfast.explain.nets import DenseNet, FloatType, LstmNet, Net
from jqfast.explain.result import GroupMeans, LrpResult
from jqfast.explain.rules import Rule, RuleLike, rules_of
from jqfast.features.execute import thread_count
from jqfast.types import AnyArray, IntArray


class Job(NamedTuple):
    """A checked net with its rules and its samples."""

    net: Net
    rules: tuple[Rule, ...]
    samples: Samples
    how: How


def make_job(net: Net, x: AnyArray, rule: RuleLike, epsilon: float, how: How) -> Job:
    """Everything checked, nothing computed."""
    checked = net.checked(how.kind)
    dense = checked if isinstance(checked, DenseNet) else checked.head
    rules = tuple(rules_of(rule, epsilon, len(dense.weights)))
    axes = 1
    if isinstance(checked, LstmNet):
        _recurrent_epsilon(rules)
        axes = 2
    return Job(checked, rules, samples_of(x, checked.inputs, checked.outputs, how, axes=axes), how)


def explain(job: Job, out: AnyArray | None = None) -> LrpResult:
    """Relevance of all samples of a job."""
    samples = job.samples
    relevance = check_out(out, samples)
    arrays = _sums(job)
    bad = _call(job, out=relevance, **arrays)
    refuse_missing(samples, bad, job.how)
    shape = (*samples.heads, *samples.lead)
    own = {name: values.reshape(shape) for name, values in arrays.items()}
    whole = relevance.reshape(*shape, *samples.x.shape[1:]) if out is None else out
    return LrpResult(relevance=whole, rules=job.rules, **own)


def group_means(job: Job, groups: IntArray, count: int) -> GroupMeans:
    """Means by group, the relevances themselves never written."""
    samples = job.samples
    full = (len(samples.outputs), count, *samples.x.shape[1:])
    arrays = _sums(job)
    arrays.pop("initial", None)
    total, size = np.zeros(full), np.zeros(full)
    bad = _call(job, groups=groups, sum=total, size=size, **arrays)
    refuse_missing(samples, bad, job.how)
    used = groups[np.isfinite(arrays["prediction"]).all(axis=0) & (groups >= 0)]
    members = np.bincount(used, minlength=count).astype(np.int64)
    by = members.reshape(1, count, *(1,) * (len(full) - 2)).astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean, mean_size = total / by, size / by
    first: Any = slice(None) if samples.several else 0
    own = {name: values[first] for name, values in arrays.items()}
    return GroupMeans(mean=mean[first], size=mean_size[first], count=members, rules=job.rules, **own)


def _sums(job: Job) -> dict[str, AnyArray]:
    """The arrays with one value per output and sample."""
    shape = (len(job.samples.outputs), len(job.samples.x))
    names = ["residual", "prediction", *(["initial"] if isinstance(job.net, LstmNet) else [])]
    return {name: np.empty(shape, job.how.kind) for name in names}


def _call(job: Job, **arrays: Any) -> int:
    """The first sample that is not finite, or their number."""
    from jqfast import _core

    common: dict[str, Any] = {
        "outputs": job.samples.outputs,
        "redistribute": job.how.bias == "redistribute",
        "threads": thread_count(job.how.threads),
        "start": job.samples.start,
    }
    if isinstance(job.net, DenseNet):
        low, high = _bounds(job.rules[0], job.net.inputs, job.how.kind)
        layers = _layers(job.net, job.rules)
        return _core.lrp_dense(job.samples.x, layers, low=low, high=high, **common, **arrays)
    return _core.lrp_lstm(
        job.samples.x,
        [tuple(layer) for layer in job.net.layers],
        _layers(job.net.head, job.rules),
        pooling=job.net.pooling,
        query=job.net.query,
        epsilon=_recurrent_epsilon(job.rules),
        **common,
        **arrays,
    )


def _recurrent_epsilon(rules: tuple[Rule, ...]) -> float:
    """The recurrent layers know epsilon and lrp0; they take what the head's first layer has."""
    first = rules[0]
    if first.name not in ("epsilon", "lrp0") or first.denominator != "preactivation":
        legal = ("epsilon", "lrp0")
        raise unknown("rule for LSTM layers", first.name, legal)
    return 0.0 if first.name == "lrp0" else first.epsilon


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
    net: DenseNet, rules: tuple[Rule, ...]
) -> list[tuple[AnyArray, AnyArray, str, str, float, float, float, float, bool]]:
    """The dense net as `_core` takes it."""
    biases: Any = net.biases
    return [
        (w, b, activation, r.name, r.epsilon, r.gamma, r.alpha, r.beta, r.denominator == "activation")
        for w, b, activation, r in zip(net.weights, biases, net.activations, rules, strict=True)
    ]
