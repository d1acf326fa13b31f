"""Sixteen series that break one-pass formulas, each T sessions long."""

from __future__ import annotations

import numpy as np

from jqfast.types import FloatArray

T = 2000


def _with(at: dict[int, float]) -> FloatArray:
    x = np.random.default_rng(4).standard_normal(T)
    for row, value in at.items():
        x[row] = value
    return x


def _cases() -> dict[str, FloatArray]:
    rng = np.random.default_rng(3)
    z = rng.standard_normal(T)
    half = np.zeros(T // 2)
    return {
        "plain": z,
        "price walk": np.cumsum(z) + 1e3,
        "1e8 + N": 1e8 + z,
        "1e8 + 1e-3 N": 1e8 + 1e-3 * z,
        "1e12 + N": 1e12 + z,
        "spike 1e9": _with({500: 1e9}),
        "spike 1e15": _with({500: 1e15}),
        "spike 1e155": _with({500: 1e155}),
        "volume": 10 ** rng.uniform(2, 10, T),
        "level drop": np.r_[1e10 * (1 + rng.random(T // 2)), 1e-3 * (1 + rng.random(T // 2))],
        "constant": np.full(T, 0.1),
        "noise then constant": np.r_[z[: T // 2], half + 0.3],
        "ones to zero": np.r_[1, 1e-7, np.zeros(T - 2)],
        "tiny": 1e-170 * z,
        "gaps": np.where(rng.random(T) < 0.1, np.nan, z),
        "inf inside": _with({505: np.inf, 530: -np.inf}),
    }


CASES = _cases()
