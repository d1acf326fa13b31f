"""Parameters as one vector: an optimiser then updates all of them in a few large passes.

A step of these small networks is short enough that a dozen passes over each of eight small arrays cost as
much as its dots.
"""

from __future__ import annotations

import math

import numpy as np

from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.models.model import Model, Params
from jqfast.types import AnyArray


def layout(model: Model, inputs: int, outputs: int) -> Params:
    """Shapes of the parameters, as a tree like them."""
    return jax.eval_shape(lambda: model.init(jax.random.key(0), inputs, outputs))


def pack(params: Params) -> jax.Array:
    """(P,) all parameters, leaf by leaf."""
    return jnp.concatenate([leaf.reshape(-1) for leaf in jax.tree.leaves(params)])


def unpack(vector: jax.Array | AnyArray, like: Params) -> Params:
    """The parameters of a vector (P,); ``like`` has their shapes."""
    leaves, start = [], 0
    shapes, tree = jax.tree.flatten(like)
    for leaf in shapes:
        size = math.prod(leaf.shape)
        leaves.append(vector[start : start + size].reshape(leaf.shape))
        start += size
    return jax.tree.unflatten(tree, leaves)


def matrices(like: Params) -> AnyArray:
    """(P,) float32, 1 for the entries of matrices and 0 for those of biases."""
    each = [np.full(math.prod(leaf.shape), len(leaf.shape) > 1) for leaf in jax.tree.leaves(like)]
    return np.concatenate(each).astype(np.float32)
