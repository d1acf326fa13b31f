"""Operators along time that are no plain window: lags, recursions, runs, re-based levels.

Time is counted in sessions of the panel; dates that are no session (decision 24) are skipped.
"""

from __future__ import annotations

from jqfast.features.columns import adjustment
from jqfast.features.expr import Expr, apply
from jqfast.features.ops import arguments


def lag(x: Expr, k: int) -> Expr:
    """The value of k sessions ago.

    Parameters
    ----------
    x : Expr
    k : int >= 0, sessions

    Returns
    -------
    Expr, axis and unit of ``x``. The first k rows are NaN.

    Raises
    ------
    LookAheadError
        If ``k < 0``: there is no lead.
    """
    return apply("lag", x, window=arguments.lag(k))


def diff(x: Expr, k: int = 1) -> Expr:
    """x_t - x_{t-k}; the first k rows are NaN."""
    return x - lag(x, k)


def ratio(x: Expr, k: int = 1) -> Expr:
    """x_t / x_{t-k}; the first k rows are NaN."""
    return x / lag(x, k)


def as_of(x: Expr, k: int = 0) -> Expr:
    """The price or volume of k sessions ago on today's split basis: a level that no later split can change.

    Parameters
    ----------
    x : Expr of split degree +1 (prices) or -1 (volumes)
    k : int >= 0, sessions

    Returns
    -------
    Expr, unit of ``x``, split degree 0. The first k rows are NaN.

    Raises
    ------
    ValueError
        If ``x`` is neither price-like nor volume-like.

    Notes
    -----
    With x on the forward basis (raw / A for prices, raw x A for volumes) this is ``lag(x, k) * A_t`` for
    prices and ``lag(x, k) / A_t`` for volumes, which equals raw_{t-k} re-based by the splits in between
    (decision 3). On data delivered already adjusted A is 1 and the level is that of the delivery.
    """
    if x.degree == 1.0:
        return lag(x, k) * adjustment
    if x.degree == -1.0:
        return lag(x, k) / adjustment
    raise ValueError(
        f"`x` of as_of must be price-like (split degree +1) or volume-like (-1); `{x}` has degree "
        f"{x.degree}. A value of degree 0 needs no re-basing: use `lag`."
    )


def ema(x: Expr, span: int, min_periods: int | None = None) -> Expr:
    """Exponential moving average with smoothing 2 / (span + 1).

    Parameters
    ----------
    x : Expr
    span : int >= 1, sessions
    min_periods : int in 1..span, finite values needed before the first result; default ``span``

    Returns
    -------
    Expr, axis and unit of ``x``. NaN until ``min_periods`` finite values were seen (first ``span - 1``
    rows); a missing value (NaN, Inf) leaves the average as it is.

    Notes
    -----
    e_t = e_{t-1} + a (x_t - e_{t-1}), e at the first finite value is that value; as pandas
    ``ewm(span=span, adjust=False, ignore_na=True, min_periods=min_periods)``. Reads all earlier rows.
    """
    w = arguments.window(span)
    return apply("ema", x, window=w, min_periods=arguments.min_periods(min_periods, w))


def wilder(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Wilder's smoothing: `ema` with smoothing 1 / w, started at the first finite value.

    Notes
    -----
    e_t = e_{t-1} + (x_t - e_{t-1}) / w. ``min_periods`` and missing values as in `ema`. Wilder 1978 starts
    from a simple mean of the first w values instead; the two meet after a few w sessions.
    """
    count = arguments.window(w)
    return apply("wilder", x, window=count, min_periods=arguments.min_periods(min_periods, count))


def ewm_var(x: Expr, span: int, min_periods: int | None = None) -> Expr:
    """Exponentially weighted variance with smoothing a = 2 / (span + 1), unbiased.

    Parameters
    ----------
    x : Expr
    span : int >= 2, sessions
    min_periods : int in 1..span, finite values needed before the first result; default ``span``

    Returns
    -------
    Expr, axis of ``x``, its unit squared. NaN until ``min_periods`` and at least 2 finite values were seen
    (first ``span - 1`` rows); a missing value (NaN, Inf) leaves the variance as it is.

    Notes
    -----
    v_t = (1 - a)(v_{t-1} + a (x_t - e_{t-1})^2) around the mean e of `ema`, divided by 1 - sum of the squared
    weights, scaled so that squares stay in range: NaN only while the variance itself is beyond it, 0 below;
    as pandas ``ewm(span=span, adjust=False, ignore_na=True, min_periods=min_periods).var()``. Reads all
    earlier rows. Finch 2009, Incremental calculation of weighted mean and variance.
    """
    w = arguments.window(span)
    return apply("ewm_var", x, window=w, min_periods=arguments.min_periods(min_periods, w))


def ewm_std(x: Expr, span: int, min_periods: int | None = None) -> Expr:
    """Exponentially weighted standard deviation, square root of `ewm_var`, in the unit of x."""
    return apply("sqrt", ewm_var(x, span, min_periods))


def since(c: Expr) -> Expr:
    """Sessions since the flag c was last true: 0 on the session itself.

    Returns
    -------
    Expr, axis of ``c``, a number >= 0. NaN before the first time; a missing c is not true. Reads all earlier
    rows.
    """
    return apply("since", c)


def streak(c: Expr) -> Expr:
    """Number of consecutive sessions, today included, on which the flag c was true.

    Returns
    -------
    Expr, axis of ``c``, a number >= 0. 0 where c is false; NaN where c is NaN, and the run starts again
    after it.
    """
    return apply("streak", c)


def last_valid(x: Expr, limit: int) -> Expr:
    """The last finite value, at most ``limit`` sessions old; NaN when there is none.

    Notes
    -----
    As pandas ``ffill(limit=limit)``: today's value has age 0. Inf counts as missing.
    """
    return apply("last_valid", x, limit=arguments.window(limit))
