"""Labels: what a decision earned afterwards, the only module that looks forward.

In: a panel. Out: :class:`Labels` (returns per horizon, when each is complete, whether it could have been
traded) and :class:`Targets` (what a model is trained on). Both are types that no feature operator accepts,
and both refuse to be read as plain arrays, so that a label cannot become a feature by accident.

The label of row t with horizon h (in sessions; rows that are no session are skipped):

- ``start="open"``: from the open of session t+1 to the close of session t+h,
- ``start="close"``: from the close of session t+1 to the close of session t+1+h.

With ``unit="month"`` horizons are calendar months and only a month's last session has a label: from the
open (or close) of the next month's first session to the close of the last session h months on.

A preopen panel carries each bar one row later, so that the same arithmetic starts at the open of session t
itself.

1. No trade, or locked at the price limit, at the start: the next tradable price inside the window;
   `fillable` False.
2. No trade at the end: the last traded price, `stale` True.
3. Delisted inside the window: the last price, then the delisting return, held as cash; `stale` True.
4. Nothing tradable in the whole window: 0 (or the delisting return), `stale` True, so that no row is lost.
5. The window ends after the data: NaN, and `end_row` is T.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, NoReturn, get_args

import numpy as np

from jqfast.data.panel import Panel
from jqfast.errors import LookAheadError, unknown
from jqfast.types import AnyArray, BoolArray, DateArray, FloatArray, IntArray

Start = Literal["open", "close"]
Unit = Literal["session", "month"]
TargetKind = Literal["standardised", "normal_ranks", "market", "raw"]

HORIZONS = (1, 5, 10, 20)
TARGET_KINDS: tuple[TargetKind, ...] = get_args(TargetKind)

#: A per-date deviation of returns below this is rounding noise of equal returns.
_NO_SPREAD = 1e-12


class _Future:
    """Base of everything that knows the future: NumPy operators and conversions refuse it."""

    __array_ufunc__ = None

    def __array__(self, *_: object, **__: object) -> NoReturn:
        raise LookAheadError(
            f"A {type(self).__name__} holds future returns and is no input of a feature. "
            "Read its fields where a label is meant."
        )


@dataclass(frozen=True, eq=False)
class Labels(_Future):
    """Simple returns after each decision.

    Parameters
    ----------
    horizons : Hn horizons in sessions, or in months
    names : ``target_1d`` ... for the horizons, ``target_1m`` ... for months
    returns : (Hn, T, N) float64, raw simple returns; NaN where not listed, no session, or beyond the data
    end_row : (Hn, T) int64, the row at whose decision time the label is complete; T where beyond the data
    fillable : (T, N) bool, the position can be opened at the label's start
    stale : (Hn, T, N) bool, the end is not a trade of the end session
    unit : what a horizon counts, ``"session"`` or ``"month"``
    """

    horizons: tuple[int, ...]
    names: tuple[str, ...]
    returns: FloatArray
    end_row: IntArray
    fillable: BoolArray
    stale: BoolArray
    unit: Unit = "session"


@dataclass(frozen=True, eq=False)
class Targets(_Future):
    """What a model is trained on: ``values`` (Hn, T, N) float64, NaN outside ``universe`` (T, N) bool."""

    horizons: tuple[int, ...]
    kind: TargetKind
    values: FloatArray
    universe: BoolArray
    is_session: BoolArray


class _Prices(NamedTuple):
    """Prices of the S session rows: where a position can start, and what it was last worth."""

    start: FloatArray  # (S, N) price of a start in this session, NaN where none is possible
    close: FloatArray  # (S, N) last traded price up to this session
    next_start: IntArray  # (S, N) first session >= s with a possible start, S where none
    last_trade: IntArray  # (S, N) last session <= s with a trade, -1 where none
    listed: BoolArray  # (S, N)


def target_names(horizons: Sequence[int], unit: Unit = "session") -> tuple[str, ...]:
    """``target_5d`` for sessions, ``target_1m`` for months."""
    return tuple(f"target_{h}{'m' if unit == 'month' else 'd'}" for h in horizons)


def make_labels(
    panel: Panel,
    horizons: Sequence[int] = HORIZONS,
    *,
    start: Start = "open",
    unit: Unit = "session",
    delisting_return: float | Mapping[str, float] = 0.0,
) -> Labels:
    """The return that follows each decision, per horizon.

    Parameters
    ----------
    panel : Panel
    horizons : ints >= 1, in sessions or months
    start : ``"open"`` (open of the next session) or ``"close"`` (close of the next session)
    unit : ``"session"``, or ``"month"`` for labels of month ends alone
    delisting_return : return booked after the last price of a delisted stock; a mapping gives it per code,
        0 else

    Returns
    -------
    Labels

    Raises
    ------
    ValueError
        For a horizon below 1, an unknown start or unit.
    """
    horizons = _check_horizons(horizons)
    if start not in ("open", "close"):
        raise unknown("label start", str(start), ("open", "close"))
    if unit not in ("session", "month"):
        raise unknown("label unit", str(unit), ("session", "month"))
    T, N = panel.shape
    rows = np.flatnonzero(panel.is_session)
    prices = _session_prices(panel, rows, start)
    payout = _delisting_returns(panel, delisting_return)
    shape = (len(horizons), T, N)
    returns, stale = np.full(shape, np.nan), np.zeros(shape, dtype=np.bool_)
    end_row = np.full((len(horizons), T), T, dtype=np.int64)
    closes = month_closes(panel.dates[rows]) if unit == "month" else None
    for i, horizon in enumerate(horizons):
        at, end = _spans(len(rows), closes, horizon, start)
        returns[i, rows[at]], stale[i, rows[at]] = _window(prices, at, end, payout)
        end_row[i, rows[at]] = rows[end]
    fillable = np.zeros((T, N), dtype=np.bool_)
    fillable[rows[:-1]] = np.isfinite(prices.start[1:]) & prices.listed[:-1]
    names = target_names(horizons, unit)
    return Labels(horizons, names, returns, end_row, fillable, stale, unit)


def month_closes(dates: DateArray) -> IntArray:
    """Places of the last session of each month; it is known to be last once a later month follows."""
    months = dates.astype("datetime64[M]").astype(np.int64)
    closes: IntArray = np.flatnonzero(np.diff(months))
    return closes


def _spans(S: int, closes: IntArray | None, horizon: int, start: Start) -> tuple[IntArray, IntArray]:
    """Session numbers of the decisions that have a label, and of the sessions at which it ends."""
    if closes is not None:
        return closes[: max(len(closes) - horizon, 0)], closes[horizon:]
    ahead = horizon + (start == "close")
    at = np.arange(max(S - ahead, 0))
    return at, at + ahead


def universe(panel: Panel) -> BoolArray:
    """(T, N) bool, the decision-day universe: listed and traded in the session of the decision."""
    members: BoolArray = panel.listed & np.isfinite(panel["close"]) & panel.is_session[:, None]
    return members


def standardise(labels: Labels, universe_mask: BoolArray) -> FloatArray:
    """Labels with mean 0 and deviation 1 per date over the decision-day universe.

    Returns
    -------
    (Hn, T, N) float64; NaN outside the universe and where the label is NaN; 0 on a date without any
    dispersion.

    Notes
    -----
    (r - mean) / sd with ddof = 1 over the members of ``universe_mask`` whose label is complete.
    """
    centred = _centre(labels.returns, universe_mask)
    count = np.isfinite(centred).sum(axis=2, keepdims=True)
    squares = np.nansum(centred**2, axis=2, keepdims=True)
    sd = np.sqrt(squares / np.maximum(count - 1, 1))
    spread = sd > _NO_SPREAD
    return np.where(spread, centred / np.where(spread, sd, 1.0), centred * 0.0)


def normal_ranks(labels: Labels, universe_mask: BoolArray) -> FloatArray:
    """Normal scores of the labels' ranks per date over the decision-day universe.

    Returns
    -------
    (Hn, T, N) float64; NaN outside the universe and where the label is NaN; ties share a score.

    Notes
    -----
    The standard normal quantile of (rank - 1/2) / n (Hazen's positions), average ranks, n members with a
    complete label.
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    values = np.where(universe_mask, labels.returns, np.nan)
    ranks = rankdata(values, axis=-1, nan_policy="omit")
    count = np.isfinite(values).sum(axis=-1, keepdims=True)
    return np.asarray(ndtri((ranks - 0.5) / np.maximum(count, 1)), np.float64)


def make_targets(panel: Panel, labels: Labels, *, kind: TargetKind = "standardised") -> Targets:
    """The training targets of a panel's labels over its decision-day universe.

    Parameters
    ----------
    panel : Panel the labels were made from
    labels : Labels
    kind : ``"standardised"`` (per-date mean 0, deviation 1), ``"normal_ranks"`` (per-date normal scores, on
        which extreme returns weigh little), ``"market"`` (minus the per-date mean) or ``"raw"``

    Raises
    ------
    ValueError
        For an unknown kind.
    """
    members = universe(panel)
    if kind == "standardised":
        values = standardise(labels, members)
    elif kind == "normal_ranks":
        values = normal_ranks(labels, members)
    elif kind == "market":
        values = _centre(labels.returns, members)
    elif kind == "raw":
        values = np.where(members, labels.returns, np.nan)
    else:
        raise unknown("target kind", str(kind), TARGET_KINDS)
    return Targets(labels.horizons, kind, values, members, panel.is_session)


def _check_horizons(horizons: Sequence[int]) -> tuple[int, ...]:
    """The horizons as a tuple of distinct ints >= 1."""
    if not horizons or any(int(h) != h or h < 1 for h in horizons) or len(set(horizons)) != len(horizons):
        raise ValueError(
            f"`horizons` must be distinct whole numbers of sessions >= 1; got {tuple(horizons)}."
        )
    return tuple(int(h) for h in horizons)


def _session_prices(panel: Panel, rows: IntArray, start: Start) -> _Prices:
    """Start prices, last prices and the rows they belong to, on session rows only."""
    listed = panel.listed[rows]
    close = np.where(listed, panel["close"][rows], np.nan)
    possible = listed & np.isfinite(panel[start][rows]) & ~_locked(panel, rows)
    steps = np.arange(len(rows))[:, None]
    last = np.maximum.accumulate(np.where(np.isfinite(close), steps, -1), axis=0)
    ahead = np.where(possible, steps, len(rows))
    following = np.minimum.accumulate(ahead[::-1], axis=0)[::-1]
    first = np.where(possible, panel[start][rows], np.nan)
    return _Prices(first, _take(close, last), following, last, listed)


def _locked(panel: Panel, rows: IntArray) -> BoolArray:
    """(S, N) bool, the one price of the session was its limit, so that nobody could get in on that side."""
    if "limit" not in panel.columns:
        return np.zeros((len(rows), panel.shape[1]), dtype=np.bool_)
    limit, first = panel["limit"][rows], panel["open"][rows]
    still = (first == panel["high"][rows]) & (first == panel["low"][rows])
    locked: BoolArray = still & np.isfinite(limit) & (limit != 0)
    return locked


def _window(
    prices: _Prices, at: IntArray, ends: IntArray, payout: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Returns (K, N) of windows from session at+1 to session ends, and whether their end is stale."""
    entry, exit_ = prices.next_start[at + 1], prices.last_trade[ends]
    held = (entry <= ends[:, None]) & (exit_ >= entry)
    cost = _take(prices.start, np.where(held, entry, -1))
    growth = np.where(held, prices.close[ends] / cost, 1.0)
    member = prices.listed[at]
    gone = member & ~prices.listed[ends]
    value = np.where(gone, growth * (1.0 + payout), growth) - 1.0
    return np.where(member, value, np.nan), member & ((exit_ != ends[:, None]) | ~held)


def _take(values: FloatArray, rows: IntArray) -> FloatArray:
    """values[rows[s, n], n], NaN where the row is -1."""
    picked = np.take_along_axis(values, np.maximum(rows, 0), axis=0) if len(values) else values
    return np.where(rows >= 0, picked, np.nan)


def _delisting_returns(panel: Panel, given: float | Mapping[str, float]) -> FloatArray:
    """(N,) delisting return of each code."""
    if isinstance(given, Mapping):
        strangers = sorted(set(given) - set(panel.codes.tolist()))
        if strangers:
            raise unknown("code in `delisting_return`", strangers[0], panel.codes.tolist())
        values = np.array([float(given.get(code, 0.0)) for code in panel.codes.tolist()])
    else:
        values = np.full(panel.shape[1], float(given))
    if not (values >= -1.0).all():
        raise ValueError(f"`delisting_return` must be >= -1 (everything lost); got {values.min()}.")
    return values


def _centre(returns: FloatArray, members: BoolArray) -> FloatArray:
    """Returns minus their mean over the members of the date; NaN for everyone else."""
    inside = np.where(members, returns, np.nan)
    known = np.isfinite(inside)
    mean = np.where(known, inside, 0.0).sum(axis=2, keepdims=True) / np.maximum(
        known.sum(axis=2, keepdims=True), 1
    )
    return np.where(known, inside - mean, np.nan)


def returns_by_name(labels: Labels) -> dict[str, AnyArray]:
    """``{"target_5d": (T, N) returns, ...}``, for evaluation."""
    return {name: labels.returns[i] for i, name in enumerate(labels.names)}
