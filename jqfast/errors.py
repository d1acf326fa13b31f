"""The errors of jqfast beyond ``ValueError`` and ``TypeError``, and how their messages are made.

A message names the argument in backticks, the rule, what was received, and the fix when it is known.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LookAheadError(ValueError):
    """Something would have used information from after its decision time."""


class DataGapError(ValueError):
    """The data are too short, too empty or contradict themselves."""


class PlanError(ValueError):
    """An execution plan breaks a rule of the executor."""


class NumericError(ArithmeticError):
    """A computation left the range in which its result means anything."""


def closest(name: str, known: Iterable[str]) -> str:
    """A hint such as `` Did you mean `rsi`?``, or the empty string when nothing is near ``name``."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean `{near[0]}`?" if near else ""


def unknown(kind: str, name: str, known: Iterable[str]) -> ValueError:
    """The error for an unknown name: what it is, the closest legal name, the legal names if few."""
    names = sorted(known)
    legal = f" Known: {', '.join(names)}." if len(names) <= 20 else f" There are {len(names)} known names."
    return ValueError(f"Unknown {kind} `{name}`.{closest(name, names)}{legal}")


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise ``ValueError`` unless ``low <= value <= high``; NaN is outside every range."""
    if not low <= value <= high:
        raise ValueError(f"`{name}` must be between {low} and {high}; got {value!r}.")
