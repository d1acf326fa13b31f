"""Statistics over the last periods of a series that is known by week, month or quarter, not by session.

``period`` is a series of plain numbers that says which period today's value belongs to (the day on which the
week ends, say); a larger number begins a new one. The value of a period is the last finite one seen while it
was the newest, so that a revision takes the place of what it corrects. Windows count periods. A session whose
period is missing has NaN; one that speaks of an older period than the newest is not heard.

Parameters of all of them: ``x`` Expr; ``period`` Expr; ``n`` int >= 1 periods, the newest included;
``min_periods`` int in 1..n, the number of periods with a value below which the result is NaN (default n).
All earlier rows are read.
"""

from __future__ import annotations

from jqfast.features.expr import Expr, apply
from jqfast.features.ops import arguments


def _over(op: str, x: Expr, period: Expr, n: object, min_periods: object) -> Expr:
    window = arguments.window(n)
    return apply(op, x, period, window=window, min_periods=arguments.min_periods(min_periods, window))


def period_sum(x: Expr, period: Expr, n: int, min_periods: int | None = None) -> Expr:
    """Sum of the last n periods, in the unit of x."""
    return _over("period_sum", x, period, n, min_periods)


def period_mean(x: Expr, period: Expr, n: int, min_periods: int | None = None) -> Expr:
    """Mean of the last n periods, in the unit of x."""
    return _over("period_mean", x, period, n, min_periods)


def period_std(x: Expr, period: Expr, n: int, min_periods: int | None = None) -> Expr:
    """Standard deviation of the last n periods (ddof 1), in the unit of x; NaN below 2 values."""
    return _over("period_std", x, period, n, min_periods)


def period_zscore(x: Expr, period: Expr, n: int, min_periods: int | None = None) -> Expr:
    """Distance of the newest period from the mean of the last n, in their standard deviations.

    Returns
    -------
    Expr, axis of the arguments, dimensionless. NaN where the newest period has no value, where all periods
    are equal, and below 2 values.

    Notes
    -----
    (x_0 - mean) / sd with mean and sd (ddof 1) over the last n periods, the newest included.
    """
    return _over("period_zscore", x, period, n, min_periods)


def period_streak(x: Expr, period: Expr, n: int) -> Expr:
    """Number of consecutive periods, the newest included, in which x was true; at most n.

    Returns
    -------
    Expr, axis of the arguments, a number from 0 to n. 0 where the newest period's x is 0, NaN where it is
    missing; a period without a value ends the run.
    """
    return apply("period_streak", x, period, window=arguments.window(n))


def period_lag(x: Expr, period: Expr, k: int) -> Expr:
    """The value of k periods before the newest one, in the unit of x.

    Parameters
    ----------
    x, period : Expr
    k : int >= 0, periods

    Returns
    -------
    Expr, axis of the arguments. NaN where there was no such period or it had no value.

    Raises
    ------
    LookAheadError
        If ``k < 0``: there is no lead.
    """
    return apply("period_lag", x, period, window=arguments.lag(k))


def period_diff(x: Expr, period: Expr, k: int = 1) -> Expr:
    """The newest period's value minus that of k periods before."""
    return period_lag(x, period, 0) - period_lag(x, period, k)
