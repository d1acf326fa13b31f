"""How the oracles of the catalogue's sections are found by name, and what they share.

An oracle is registered under a template; a name is looked up under the template that says most of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
from store_catalog import Tables

Frame = pd.DataFrame
Build = Callable[..., Frame]
YEAR = 252


_ORACLES: dict[str, tuple[Build, float]] = {}


def oracle(template: str, *, scale: float = 1.0) -> Callable[[Build], Build]:
    """Register an implementation for names that fit the template; scale: the size of what is subtracted."""

    def register(function: Build) -> Build:
        _ORACLES[template] = (function, scale)
        return function

    return register


def want(name: str, tables: Tables) -> tuple[np.ndarray, float]:
    """(sessions x stocks values of a feature, scale) by the template that says most of its name."""
    fits = [(_literal(template), template) for template in _ORACLES if _match(template, name)]
    if not fits:
        raise KeyError(f"feature `{name}` has no oracle in tests/oracle")
    _, template = max(fits)
    function, scale = _ORACLES[template]
    groups = _match(template, name).groupdict()
    params = {key: int(text) if text.isdigit() else text for key, text in groups.items()}
    with np.errstate(divide="ignore", invalid="ignore"):
        values = function(tables, **params)
    return values.where(np.isfinite(values)).to_numpy(dtype=float), scale


def _match(template: str, name: str) -> re.Match[str] | None:
    return re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[a-z0-9_]+?)", template), name)


def _literal(template: str) -> int:
    return len(re.sub(r"\{\w+\}", "", template))


def two_thirds(w: int) -> int:
    return int(np.ceil(2 * w / 3))


def flag(condition: Frame, *known: Frame) -> Frame:
    """1.0 or 0.0, NaN where one of the frames that were compared is NaN."""
    seen = np.logical_and.reduce([x.notna().to_numpy() for x in known])
    return condition.astype(float).where(seen)


def rolling(x: Frame, w: int, least: int | None = None):
    return x.rolling(w, min_periods=two_thirds(w) if least is None else least)


def change(x: Frame, k: int) -> Frame:
    return x / x.shift(k) - 1
