"""Shapes, dtypes and refusals of an LRP call; between the doors for people and the core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from jqfast.errors import unknown
from jqfast.explain.nets import FloatType
from jqfast.memory import new_array
from jqfast.types import AnyArray

Bias = Literal["absorb", "redistribute"]
Missing = Literal["refuse", "nan"]
Output = int | Sequence[int]


@dataclass(frozen=True, eq=False)
class How:
    """The options of a call that are no rules; see :func:`jqfast.explain.lrp_dense`."""

    output: Output = 0
    start: AnyArray | float | None = None
    bias: Bias = "absorb"
    dtype: str = "float32"
    threads: int | None = None
    missing: Missing = "refuse"
    names: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if self.dtype not in ("float32", "float64"):
            raise unknown("dtype", str(self.dtype), ("float32", "float64"))
        if self.bias not in ("absorb", "redistribute"):
            raise unknown("bias rule", str(self.bias), ("absorb", "redistribute"))
        if self.missing not in ("refuse", "nan"):
            raise unknown("treatment of missing inputs", str(self.missing), ("refuse", "nan"))

    @property
    def kind(self) -> FloatType:
        """The dtype of everything."""
        return np.dtype(np.float32) if self.dtype == "float32" else np.dtype(np.float64)


class Samples(NamedTuple):
    """The samples of a call in the core's order, and how its answers get their shape back."""

    x: AnyArray  # (S, I) or (S, L, I)
    lead: tuple[int, ...]  # axes of the samples as they came
    outputs: Sequence[int]
    several: bool
    start: AnyArray | None  # (K, S)

    @property
    def heads(self) -> tuple[int, ...]:
        """The axis of the outputs, if several were asked for."""
        return (len(self.outputs),) if self.several else ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the relevances, as the caller sees them."""
        return (*self.heads, *self.lead, *self.x.shape[1:])


def samples_of(
    x: AnyArray, inputs: int, outputs: tuple[Sequence[int], bool], how: How, *, axes: int
) -> Samples:
    """`x` with its leading axes as one; ``axes`` belong to a sample: 1 for rows, 2 for sequences.

    ``outputs`` are those to explain, and whether they have an axis.

    The one copy that is made, if any, is that to the dtype and to C order.
    """
    values = np.ascontiguousarray(x, dtype=how.kind)
    want = f"(samples, {inputs})" if axes == 1 else f"(samples, sessions, {inputs})"
    if values.ndim < axes + 1 or values.shape[-1] != inputs or (axes == 2 and not values.shape[-2]):
        layer = "weights[0]" if axes == 1 else "layers[0]"
        raise ValueError(
            f"`x` must be {want}, as `{layer}` has {inputs} inputs, with any axes before; got {values.shape}."
        )
    lead, own = values.shape[:-axes], values.shape[-axes:]
    count = int(np.prod(lead))
    chosen, several = outputs
    start = _start(how, (len(chosen), count), lead)
    return Samples(values.reshape(count, *own), lead, chosen, several, start)


def check_out(out: AnyArray | None, samples: Samples) -> AnyArray:
    """The array to write to, (K, S, ...)."""
    x = samples.x
    own = x.shape[1:]
    shape = samples.shape
    full = (len(samples.outputs), len(x), *own)
    if out is None:
        return new_array(full, x.dtype.name)
    if out.shape != shape or out.dtype != x.dtype or not out.flags.c_contiguous:
        raise ValueError(
            f"`out` must be a C-contiguous {x.dtype} array of shape {shape}; "
            f"got {out.dtype} of shape {out.shape}."
        )
    if not out.flags.writeable:
        raise ValueError("`out` must be writeable; got a read-only array.")
    if np.may_share_memory(out, x):
        raise ValueError("`out` must not share memory with `x`; the inputs are read while it is written.")
    return out.reshape(full)


def refuse_missing(samples: Samples, bad: int, how: How) -> None:
    """Raise for the first sample that is not finite, naming the input; ``bad`` is S when there is none."""
    x = samples.x
    if how.missing == "nan" or bad >= len(x):
        return
    cell = tuple(int(i) for i in np.unravel_index(bad, samples.lead)) if samples.lead else ()
    where = f"sample {cell[0] if len(cell) == 1 else cell}"
    unfit = np.argwhere(~np.isfinite(x[bad]))
    if not len(unfit):
        raise ValueError(f"`start` must be finite; {where} starts with NaN or infinity.")
    place = unfit[0]
    name = f"input {place[-1]}" if how.names is None else f"input `{how.names[place[-1]]}`"
    session = f", session {place[0]}" if len(place) == 2 else ""
    raise ValueError(
        f"`x` must be finite; {where}{session} has {x[bad][tuple(place)]} in {name}. "
        'Fill missing inputs as in training, or pass missing="nan" to leave such samples out as NaN.'
    )


def chosen_outputs(output: Output, count: int) -> tuple[list[int], bool]:
    """The outputs that a caller names, of ``count``, and whether they have an axis of their own."""
    several = not isinstance(output, int | np.integer)
    chosen = [int(one) for one in output] if several else [int(output)]  # type: ignore[union-attr,arg-type]  # a flag says which
    if not chosen or not all(0 <= one < count for one in chosen):
        raise ValueError(
            f"`output` must be 0 to {count - 1}, outputs of the last layer, at least one; got {output}."
        )
    return chosen, several


def _start(how: How, shape: tuple[int, int], lead: tuple[int, ...]) -> AnyArray | None:
    """The start values, (K, S)."""
    if how.start is None:
        return None
    values = np.asarray(how.start, dtype=how.kind)
    if values.ndim and values.shape not in (lead, (shape[0], *lead)):
        raise ValueError(
            f"`start` must be one number or one per sample, {lead[0] if len(lead) == 1 else lead}; "
            f"got {values.shape}."
        )
    flat = values.reshape(-1, shape[1]) if values.ndim else values
    return np.ascontiguousarray(np.broadcast_to(flat, shape))
