"""Checks of operator parameters, for people; the executor checks again for memory safety."""

from __future__ import annotations

import operator

from jqfast.errors import LookAheadError

#: Longest window the executor accepts, in sessions.
MAX_WINDOW = 65536

#: Most finite values that can be asked for.
MAX_COUNT = 2**31 - 1


def window(value: object) -> int:
    """An integer from 1 to ``MAX_WINDOW``."""
    count = _integer(value, "window", low=1)
    if count < 1:
        raise ValueError(f"`window` must be an integer >= 1; got {count}. A window of 1 is today alone.")
    if count > MAX_WINDOW:
        raise ValueError(f"`window` must be at most {MAX_WINDOW} sessions; got {count}.")
    return count


def lag(value: object) -> int:
    """An integer from 0 to ``MAX_WINDOW``; negative lags would be leads, and the language has none."""
    count = _integer(value, "k", low=0)
    if count < 0:
        raise LookAheadError(
            f"`k` must be an integer >= 0; got {count}. A negative lag would read later sessions and "
            "features have no lead; returns to be predicted are made by `jqfast.learn.labels`."
        )
    if count > MAX_WINDOW:
        raise ValueError(f"`k` must be at most {MAX_WINDOW} sessions; got {count}.")
    return count


def min_periods(value: object, w: int) -> int:
    """An integer from 1 to the window ``w``; None means ``w``."""
    if value is None:
        return w
    count = _integer(value, "min_periods", low=1)
    if not 1 <= count <= w:
        raise ValueError(f"`min_periods` must be an integer from 1 to the window, {w}; got {count}.")
    return count


def min_count(value: object) -> int:
    """An integer from 1 to 2^31 - 1: finite values needed where there is no window."""
    count = _integer(value, "min_periods", low=1)
    if not 1 <= count <= MAX_COUNT:
        raise ValueError(f"`min_periods` must be an integer from 1 to {MAX_COUNT}; got {count}.")
    return count


def buckets(value: object) -> int:
    """An integer from 2 to ``MAX_WINDOW``."""
    count = _integer(value, "count", low=2)
    if not 2 <= count <= MAX_WINDOW:
        raise ValueError(f"`count` must be an integer from 2 to {MAX_WINDOW}; got {count}.")
    return count


def share(value: object, name: str) -> float:
    """A number in [0, 1]."""
    number = literal(value, name)
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"`{name}` must be in [0, 1]; got {number:g}.")
    return number + 0.0  # -0 and 0 are one quantile


def _integer(value: object, name: str, *, low: int) -> int:
    if not isinstance(value, bool):
        try:
            return operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            pass
    raise TypeError(f"`{name}` must be an integer >= {low}; got {value!r} ({type(value).__name__}).")


def literal(value: object, name: str) -> float:
    """A plain number."""
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise TypeError(f"`{name}` must be a number; got {type(value).__name__}. For a series use `where`.")
    return float(value)
