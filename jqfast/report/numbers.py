"""Numbers, dates and values as a reader wants to see them: units, thousands separators, true minus signs.

Everything not finite is printed as a dash, so that a table never shows ``nan``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import numpy as np

DASH = "–"
MINUS = "−"


def number(x: float, digits: int = 2, *, signed: bool = False) -> str:
    """``x`` with fixed digits, thousands separators and a true minus: 1234.5 -> ``1,234.50``."""
    if not math.isfinite(x):
        return DASH
    text = f"{x:+,.{digits}f}" if signed else f"{x:,.{digits}f}"
    if float(text.replace(",", "")) == 0.0:
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def percent(x: float, digits: int = 1, *, signed: bool = False) -> str:
    """A fraction in percent: 0.1234 -> ``12.3%``."""
    return DASH if not math.isfinite(x) else number(100.0 * x, digits, signed=signed) + "%"


def basis_points(x: float, digits: int = 1, *, signed: bool = False) -> str:
    """A fraction in basis points: 0.0012 -> ``12.0``."""
    return number(1e4 * x, digits, signed=signed)


def count(x: float) -> str:
    """A whole number with thousands separators."""
    return number(x, 0)


def seconds(x: float) -> str:
    """A duration: ``0.84 s``, ``12.3 s``, ``3 min 05 s``."""
    if not math.isfinite(x):
        return DASH
    if x < 60.0:
        return f"{x:.2f} s" if x < 10.0 else f"{x:.1f} s"
    whole = round(x)
    return f"{whole // 60:,} min {whole % 60:02d} s"


def iso_date(day: np.datetime64 | date | str) -> str:
    """``2019-06-28``; a dash for NaT."""
    text = str(day)[:10]
    return DASH if text == "NaT" else text


def value(x: object) -> str:
    """Any plain value of a configuration or a quality table, readable by people."""
    if x is None:
        return DASH
    if isinstance(x, (bool, np.bool_)):
        return "true" if x else "false"
    if isinstance(x, (datetime, str)):
        return str(x)
    if isinstance(x, (date, np.datetime64)):
        return iso_date(x)
    if isinstance(x, (int, np.integer)):
        return count(int(x)) if abs(int(x)) >= 1_000 else str(int(x)).replace("-", MINUS)
    if isinstance(x, (float, np.floating)):
        return _plain_float(float(x))
    if isinstance(x, Mapping):
        return ", ".join(f"{k}: {value(v)}" for k, v in x.items()) or DASH
    if isinstance(x, (Sequence, np.ndarray, set, frozenset)):
        items = sorted(x, key=str) if isinstance(x, (set, frozenset)) else list(x)
        return ", ".join(value(v) for v in items) or DASH
    return str(x)


def _plain_float(x: float) -> str:
    if not math.isfinite(x):
        return DASH
    if x == int(x) and abs(x) < 1e15:
        return count(x)
    text = f"{x:,.4f}".rstrip("0") if abs(x) >= 1e-3 else f"{x:.4g}"
    return text.replace("-", MINUS)


def flatten(tree: Mapping[str, object], prefix: str = "") -> list[tuple[str, object]]:
    """The leaves of nested mappings as (``a.b.c``, value), in the order given."""
    rows: list[tuple[str, object]] = []
    for key, item in tree.items():
        name = f"{prefix}{key}"
        if isinstance(item, Mapping) and item:
            rows.extend(flatten(item, prefix=f"{name}."))
        else:
            rows.append((name, item))
    return rows
