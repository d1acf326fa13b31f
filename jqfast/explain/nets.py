"""What LRP explains: dense nets and LSTMs as plain arrays, checked; and trained models turned into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from jqfast.errors import unknown
from jqfast.explain.rules import ACTIVATIONS
from jqfast.types import AnyArray

if TYPE_CHECKING:
    from jqfast.learn.checkpoint import FoldModel

PoolingName = Literal["last", "mean", "attention"]
POOLINGS: tuple[PoolingName, ...] = ("last", "mean", "attention")
FloatType: TypeAlias = "np.dtype[np.float32] | np.dtype[np.float64]"


class LstmLayer(NamedTuple):
    """One recurrent layer: ``z = x_t w_x + h w_h + bias``, gate order i, f, g, o."""

    w_x: AnyArray  # (I, 4H)
    w_h: AnyArray  # (H, 4H)
    bias: AnyArray  # (4H,)


@dataclass(frozen=True, eq=False)
class DenseNet:
    """A dense net of layers ``act(a @ W + b)``.

    Parameters
    ----------
    weights : per layer (I, O)
    biases : per layer (O,) or None; None for a net without biases
    activations : per layer, one of :data:`jqfast.explain.ACTIVATIONS`
    """

    weights: Sequence[AnyArray]
    biases: Sequence[AnyArray | None] | None
    activations: Sequence[str]

    @property
    def inputs(self) -> int:
        """I, the inputs of a sample."""
        return int(np.shape(self.weights[0])[0])

    @property
    def outputs(self) -> int:
        """O, the outputs."""
        return int(np.shape(self.weights[-1])[1])

    def checked(self, dtype: FloatType) -> DenseNet:
        """The net as C-contiguous arrays of one dtype, each layer fitting the one below."""
        if not len(self.weights):
            raise ValueError("`weights` must hold one (I, O) array per layer; got none.")
        given = [None] * len(self.weights) if self.biases is None else list(self.biases)
        for name, values in (("biases", given), ("activations", self.activations)):
            if len(values) != len(self.weights):
                raise ValueError(
                    f"`{name}` must have one entry per layer, {len(self.weights)}; got {len(values)}."
                )
        weights: list[AnyArray] = []
        biases: list[AnyArray] = []
        for place, weight in enumerate(self.weights):
            below = weights[-1].shape[1] if weights else None
            weights.append(_weight(weight, place, below, dtype))
            biases.append(_bias(given[place], place, weights[-1].shape[1], dtype))
            if self.activations[place] not in ACTIVATIONS:
                raise unknown("activation", str(self.activations[place]), ACTIVATIONS)
        return DenseNet(weights, biases, list(self.activations))


@dataclass(frozen=True, eq=False)
class LstmNet:
    """LSTM layers, lowest first, pooled over the sessions, and a dense head.

    Parameters
    ----------
    layers : per layer (w_x (I, 4H), w_h (H, 4H), bias (4H,))
    head : DenseNet on the pooled hidden states
    pooling : ``"last"``, ``"mean"``, or ``"attention"``: sum of a_t h_t with a = softmax(h_t q / sqrt H)
    query : (H,) of the attention
    """

    layers: Sequence[LstmLayer]
    head: DenseNet
    pooling: PoolingName = "last"
    query: AnyArray | None = None

    @property
    def inputs(self) -> int:
        """I, the inputs of a session."""
        return int(np.shape(self.layers[0][0])[0])

    @property
    def outputs(self) -> int:
        """O, the outputs."""
        return self.head.outputs

    def checked(self, dtype: FloatType) -> LstmNet:
        """The net as C-contiguous arrays of one dtype, each layer fitting the one below."""
        if not len(self.layers):
            raise ValueError("`layers` must hold one (w_x, w_h, bias) per LSTM layer; got none.")
        if self.pooling not in POOLINGS:
            raise unknown("pooling", str(self.pooling), POOLINGS)
        layers: list[LstmLayer] = []
        for place, layer in enumerate(self.layers):
            below = layers[-1].w_h.shape[0] if layers else None
            layers.append(_lstm_layer(layer, place, below, dtype))
        hidden = layers[-1].w_h.shape[0]
        head = self.head.checked(dtype)
        if head.inputs != hidden:
            raise ValueError(
                f"`head` must have as many rows as the last LSTM layer has units, {hidden}; "
                f"got {head.inputs}. Transpose weights stored as (outputs, inputs)."
            )
        return LstmNet(layers, head, self.pooling, self._checked_query(hidden, dtype))

    def _checked_query(self, hidden: int, dtype: FloatType) -> AnyArray | None:
        if (self.query is None) != (self.pooling != "attention"):
            raise ValueError("`query` belongs to pooling `attention`, and to no other.")
        if self.query is None:
            return None
        query = np.ascontiguousarray(self.query, dtype=dtype).reshape(-1)
        if query.shape != (hidden,):
            raise ValueError(f"`query` must have one value per unit, {hidden}; got {query.size}.")
        return query


Net: TypeAlias = "DenseNet | LstmNet"
Explainable: TypeAlias = "DenseNet | LstmNet | FoldModel"


def net_of(model: Any) -> Net:
    """The net of a trained fold, or the net itself.

    Raises
    ------
    ValueError
        For a model that LRP has no rules for.
    TypeError
        For what is neither a net nor a trained fold.
    """
    if isinstance(model, (DenseNet, LstmNet)):
        return model
    kind = getattr(model, "kind", None)
    if kind is None:
        raise TypeError(f"`model` must be a trained fold, a DenseNet or an LstmNet; got {type(model)}.")
    activations = tuple(model.activations)
    if "lstm" in activations:
        return _lstm_of(model)
    if not has_lrp(activations) or len(activations) != len(model.weights):
        raise ValueError(
            f"LRP has no rules for the model `{kind}`; use `gradient_x_input` or `integrated_gradients`."
        )
    return DenseNet(model.weights, model.biases, activations)


def has_lrp(activations: Sequence[str]) -> bool:
    """Whether LRP has rules for a model with these activations."""
    known = {*ACTIVATIONS, "lstm", "attention"} if "lstm" in activations else set(ACTIVATIONS)
    return set(activations) <= known


def _lstm_of(model: FoldModel) -> LstmNet:
    """Stored as W_x, W_h of each layer, the query if any, the head; biases of each layer and of the head."""
    count = len(model.biases) - 1
    layers = [
        LstmLayer(model.weights[2 * n], model.weights[2 * n + 1], model.biases[n]) for n in range(count)
    ]
    query = model.weights[2 * count : -1]
    head = DenseNet([model.weights[-1]], [model.biases[-1]], ["linear"])
    return LstmNet(layers, head, "attention" if query else "last", query[0] if query else None)


def _weight(weight: AnyArray, place: int, below: int | None, dtype: FloatType) -> AnyArray:
    w = np.ascontiguousarray(weight, dtype=dtype)
    if w.ndim != 2 or 0 in w.shape:
        raise ValueError(
            f"`weights[{place}]` must be (inputs, outputs), none of them 0; got shape {w.shape}."
        )
    if below is not None and w.shape[0] != below:
        raise ValueError(
            f"`weights[{place}]` must have as many rows as `weights[{place - 1}]` has columns, "
            f"{below}; got {w.shape[0]}. Transpose weights stored as (outputs, inputs)."
        )
    _check_finite(w, f"weights[{place}]")
    return w


def _bias(bias: AnyArray | None, place: int, outputs: int, dtype: FloatType) -> AnyArray:
    b = np.zeros(outputs, dtype) if bias is None else np.ascontiguousarray(bias, dtype=dtype)
    if b.shape != (outputs,):
        raise ValueError(f"`biases[{place}]` must have shape {(outputs,)}; got {b.shape}.")
    _check_finite(b, f"biases[{place}]")
    return b


def _lstm_layer(layer: LstmLayer, place: int, below: int | None, dtype: FloatType) -> LstmLayer:
    if len(layer) != 3:
        raise ValueError(f"`layers[{place}]` must be (w_x, w_h, bias); got {len(layer)} arrays.")
    w_x, w_h, bias = (np.ascontiguousarray(part, dtype=dtype) for part in layer)
    hidden = w_h.shape[0]
    shapes = (w_x.shape[1:], w_h.shape[1:], bias.shape)
    if w_x.ndim != 2 or w_h.ndim != 2 or not hidden or shapes != ((4 * hidden,),) * 3:
        raise ValueError(
            f"`layers[{place}]` must be w_x (I, 4H), w_h (H, 4H) and bias (4H,), gates in the order "
            f"i, f, g, o; got {w_x.shape}, {w_h.shape} and {bias.shape}."
        )
    if below is not None and w_x.shape[0] != below:
        raise ValueError(
            f"`layers[{place}]` must read the {below} units of the layer below; got {w_x.shape[0]} rows."
        )
    for name, values in (("w_x", w_x), ("w_h", w_h), ("bias", bias)):
        _check_finite(values, f"layers[{place}].{name}")
    return LstmLayer(w_x, w_h, bias)


def _check_finite(values: AnyArray, name: str) -> None:
    if not np.isfinite(values).all():
        raise ValueError(f"`{name}` must be finite; got NaN or infinity. The model did not train.")
