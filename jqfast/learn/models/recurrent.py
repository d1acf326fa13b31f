"""One LSTM layer over a batch of sequences, with its gradient written out.

The equations are those of :func:`jqfast.learn.models.lstm.cell`; what is gained is order. Differentiated as
it stands, the scan would add up the weight gradients session by session, in L small products; here the
backward scan only carries the error back, and the gradients of both weight matrices are one product each over
all sessions. The sigmoids are tanh of half the argument, so that all gates are one call.
"""

from __future__ import annotations

from functools import partial

from jqfast.learn._jax_setup import jax, jnp, lax
from jqfast.learn.models.dense import across
from jqfast.learn.models.dot import Dot

#: Sessions written out per iteration of the scans.
_UNROLL = 2


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def layer(dot: Dot, x: jax.Array, w_x: jax.Array, w_h: jax.Array, bias: jax.Array) -> jax.Array:
    """Hidden states (L, B, H) of sequences x (L, B, I) from rest; gate order i, f, g, o."""
    return _forward(dot, x, w_x, w_h, bias)[0]


def _forward(
    dot: Dot, x: jax.Array, w_x: jax.Array, w_h: jax.Array, bias: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    """The hidden states, and what the way back needs."""
    B, H = x.shape[1], w_h.shape[0]
    projected = dot(x, w_x) + bias[None, None, :]
    half, shift = _by_gate(w_h, 0.5, 1.0), _by_gate(w_h, 0.5, 0.0)

    def session(
        carry: tuple[jax.Array, jax.Array], z: jax.Array
    ) -> tuple[tuple[jax.Array, jax.Array], tuple[jax.Array, jax.Array, jax.Array]]:
        h, c = carry
        gates = jnp.tanh((z + dot(h, w_h)) * half) * half + shift
        i, f, g, o = jnp.split(gates, 4, axis=-1)
        c = f * c + i * g
        h = o * jnp.tanh(c)
        return (h, c), (h, c, gates)

    rest = jnp.zeros((B, H), w_h.dtype)
    _, (h, c, gates) = lax.scan(session, (rest, rest), projected, unroll=_UNROLL)
    return h, (x, w_x, w_h, h, c, gates)


def _backward(
    dot: Dot, kept: tuple[jax.Array, ...], slope: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """Gradients of x, w_x, w_h and bias from those of the hidden states, ``slope`` (L, B, H)."""
    x, w_x, w_h, h, c, gates = kept

    def session(
        carry: tuple[jax.Array, jax.Array], at: tuple[jax.Array, ...]
    ) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        dh, dc = carry
        slope_t, c_t, c_before, gates_t = at
        i, f, g, o = jnp.split(gates_t, 4, axis=-1)
        dh = dh + slope_t
        bent = jnp.tanh(c_t)
        dc = dc + dh * o * (1.0 - bent * bent)
        each = (dc * g * i * (1.0 - i), dc * c_before * f * (1.0 - f), dc * i * (1.0 - g * g))
        dz = jnp.concatenate([*each, dh * bent * o * (1.0 - o)], axis=-1)
        return (dot(dz, w_h.T), dc * f), dz

    rest = jnp.zeros_like(h[0])
    before = (_shifted(c), _shifted(h))
    _, dz = lax.scan(session, (rest, rest), (slope, c, before[0], gates), reverse=True, unroll=_UNROLL)
    flat = dz.reshape(-1, dz.shape[-1])
    dw_x = across(dot, x.reshape(-1, x.shape[-1]), flat)
    dw_h = across(dot, before[1].reshape(-1, h.shape[-1]), flat)
    return dot(dz, w_x.T), dw_x, dw_h, jnp.sum(flat, axis=0)


def _shifted(states: jax.Array) -> jax.Array:
    """(L, B, H) states before each session: rest, then all but the last."""
    return jnp.concatenate([jnp.zeros_like(states[:1]), states[:-1]])


def _by_gate(w_h: jax.Array, sigmoid: float, tanh: float) -> jax.Array:
    """(1, 4H) one number for the gates i, f and o, another for g."""
    each = jnp.asarray([sigmoid, sigmoid, tanh, sigmoid], w_h.dtype)
    return jnp.repeat(each, w_h.shape[0])[None, :]


layer.defvjp(_forward, _backward)
