"""The long-short portfolio: hand-worked books, fills, costs, overlap, halts and delistings."""

from __future__ import annotations

import numpy as np
import pytest
from evaluate_support import panel_of, walk

from jqfast.errors import DataGapError
from jqfast.evaluate import CostConfig, Portfolio, PortfolioConfig, long_short, universe_return
from jqfast.learn.labels import make_labels

FREE = CostConfig(
    commission_bps=0, spread_ticks=0, spread_floor_bps=0, impact=0, borrow_fee_bps_year=0, window=2
)
COMMISSION = CostConfig(
    commission_bps=10, spread_ticks=0, spread_floor_bps=0, impact=0, borrow_fee_bps_year=0, window=2
)


def config(**changes: object) -> PortfolioConfig:
    options: dict[str, object] = {"buckets": 2, "min_stocks": 2, "costs": FREE, "horizon": 1}
    return PortfolioConfig(**(options | changes))  # type: ignore[arg-type]


def on(book: Portfolio, series: str, dates: np.ndarray) -> np.ndarray:
    """A series on some dates."""
    return book.returns[series][np.searchsorted(book.dates, dates)]


def scores_for(T: int, N: int, seed: int = 9) -> np.ndarray:
    scores = np.random.default_rng(seed).standard_normal((T, N))
    scores[:2] = np.nan  # no turnover is known yet
    return scores


def top(scores: np.ndarray) -> np.ndarray:
    """The better half of each row, as 0 and 1."""
    return (scores > np.nanmedian(scores, axis=1, keepdims=True)).astype(float)


@pytest.fixture
def market() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    close, open_ = walk(30, 8, 1)
    return close, open_, scores_for(30, 8)


def test_one_session_from_open_to_close_is_the_mean_label(
    market: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    close, open_, scores = market
    panel = panel_of(close, open_)
    book = long_short(panel, scores, config(hold="label"))
    label = make_labels(panel, (1,)).returns[0]
    rows = np.arange(2, 29)
    long = np.array([label[t][top(scores[t : t + 1])[0] == 1].mean() for t in rows])
    short = np.array([label[t][top(scores[t : t + 1])[0] == 0].mean() for t in rows])
    np.testing.assert_allclose(on(book, "long_gross", panel.dates[rows + 1]), long, atol=1e-14)
    np.testing.assert_allclose(on(book, "short_gross", panel.dates[rows + 1]), short, atol=1e-14)
    np.testing.assert_allclose(book.returns["long_short_gross"], long - short, atol=1e-14)


def test_one_session_at_the_close_earns_close_to_close(
    market: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    close, open_, scores = market
    panel = panel_of(close, open_)
    book = long_short(panel, scores, config(start="close"))
    rows = np.arange(2, 28)
    change = close[rows + 2] / close[rows + 1] - 1
    expected = (change * top(scores[rows])).sum(axis=1) / 4
    np.testing.assert_allclose(on(book, "long_gross", panel.dates[rows + 2]), expected, atol=1e-14)


def test_rolled_positions_earn_from_fill_to_fill(market: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    close, open_, scores = market
    scores[3:] = np.nan  # one decision only, in row 2
    panel = panel_of(close, open_)
    chosen = top(scores[2:3])[0] == 1
    for horizon in (1, 3):
        book = long_short(panel, scores, config(horizon=horizon))
        value = np.prod(1.0 + book.returns["long_gross"])
        whole = open_[3 + horizon][chosen] / open_[3][chosen] - 1
        assert value - 1.0 == pytest.approx(whole.mean() / horizon, rel=1e-12)
        assert book.decisions == 1
        first = close[3][chosen] / open_[3][chosen] - 1
        assert book.returns["long_gross"][0] == pytest.approx(first.mean() / horizon, rel=1e-12)


def test_two_tranches_by_hand() -> None:
    close = np.array([[100.0, 100.0]] * 3 + [[110.0, 100.0], [121.0, 100.0], [121.0, 100.0], [121.0, 100.0]])
    scores = np.tile([1.0, 0.0], (7, 1))
    scores[[0, 1, 4, 5, 6]] = np.nan  # decisions in rows 2 and 3
    book = long_short(panel_of(close), scores, config(horizon=2, start="close"))
    # Row 2 buys at the close of row 3 (110) half of the capital: +10 % of a half in row 4.
    # Row 3 buys at the close of row 4 (121): nothing more happens.
    np.testing.assert_allclose(book.returns["long_gross"], [0.0, 0.05, 0.0, 0.0], atol=1e-15)
    np.testing.assert_allclose(book.exposure["long"], [0.5, 1.05, 0.5, 0.0], atol=1e-15)


def test_a_stable_ranking_is_bought_once_when_rolled() -> None:
    close = np.full((25, 4), 100.0)
    scores = np.tile(np.arange(4.0), (25, 1))
    scores[:2] = np.nan
    book = long_short(panel_of(close), scores, config(horizon=5, costs=COMMISSION))
    total = 1.0 - np.prod(1.0 + book.returns["long_net"])
    assert total == pytest.approx(0.001, rel=1e-3)  # 10 bps once
    assert book.turnover["long"].sum() == pytest.approx(0.5)
    again = long_short(panel_of(close), scores, config(horizon=5, costs=COMMISSION, hold="label"))
    # 22 tranches of a fifth are bought and 18 of them sold again before the data end.
    assert 1.0 - np.prod(1.0 + again.returns["long_net"]) == pytest.approx(0.001 * (22 + 18) / 5, rel=1e-2)


def test_net_of_each_component() -> None:
    close = np.full((60, 4), 800.0)
    close[::2] = 808.0  # volatility 1 %
    scores = np.tile(np.arange(4.0), (60, 1))
    scores[:5] = np.nan
    scores[6:] = np.nan
    turnover = np.full((60, 4), 1e9)
    base = {"commission_bps": 0, "spread_ticks": 0, "spread_floor_bps": 0, "impact": 0}
    base |= {"borrow_fee_bps_year": 0, "window": 4, "capital": 1e8}
    panel = panel_of(close, turnover=turnover)
    deviation = np.diff(close[1:6, 0]) / close[1:5, 0]
    expected = {
        "commission": ({"commission_bps": 7.0}, 4 * 7e-4),
        "spread": ({"spread_ticks": 2.0}, 4 * (1.0 / close[5, 0])),
        "impact": ({"impact": 0.5}, 4 * 0.5 * deviation.std(ddof=1) * np.sqrt(0.5e8 / 1e9)),
        "borrow": ({"borrow_fee_bps_year": 252.0}, 1e-4),
    }
    sessions = 54
    for part, (change, cost) in expected.items():
        book = long_short(panel, scores, config(costs=CostConfig(**(base | change))))  # type: ignore[arg-type]
        # Both legs enter and leave once, one session later; prices move by 1 %, so the exit is a little off.
        assert book.cost_annual[part] * sessions / 252 == pytest.approx(cost, rel=0.012), part
        assert all(value == 0 for name, value in book.cost_annual.items() if name != part)
        lost = book.returns["long_short_gross"] - book.returns["long_short_net"]
        assert lost.sum() == pytest.approx(cost, rel=0.012)


def test_orders_that_cannot_fill_stay_cash() -> None:
    close = np.full((8, 4), 100.0)
    close[4:] = 110.0
    open_ = np.full((8, 4), 100.0)
    open_[4:] = 110.0
    open_[3, 3] = np.nan  # no trade at the start
    close[3, 3] = np.nan
    scores = np.tile(np.arange(4.0), (8, 1))
    scores[[0, 1, 3, 4, 5, 6, 7]] = np.nan
    book = long_short(panel_of(close, open_), scores, config())
    assert np.prod(1 + book.returns["long_gross"]) - 1 == pytest.approx(0.05)  # half of the leg, +10 %
    assert book.unfilled["long"] == pytest.approx(0.5)
    fillable = np.ones((8, 4), dtype=bool)
    fillable[2] = False
    assert long_short(panel_of(close), scores, config(), fillable=fillable).decisions == 0


@pytest.mark.parametrize("start", ["open", "close"])
def test_an_exit_waits_for_the_stock_to_trade(start: str) -> None:
    close = np.full((40, 2), 100.0)
    close[:, 1] = 100.0 + np.arange(40)
    scores = np.tile([0.0, 1.0], (40, 1))
    scores[:2] = scores[3:] = np.nan
    panel, options = panel_of(close), config(horizon=2, costs=FREE, start=start)
    entry, planned = 3, 5  # decided in row 2, filled in row 3
    for locked, left in ((0, planned), (1, 6), (4, 9), (30, planned + 20)):
        fillable = np.ones((40, 2), dtype=bool)
        fillable[planned - 1 : planned - 1 + locked, 1] = False  # orders of these rows do not fill
        book = long_short(panel, scores, options, fillable=fillable)
        gain = (close[left, 1] / close[entry, 1] - 1) / 2
        assert np.prod(1 + book.returns["long_gross"]) == pytest.approx(1 + gain, abs=1e-14)
        assert (book.exposure["long"] > 0).sum() == left - entry


def test_a_label_ends_where_it_ends() -> None:
    close = np.full((40, 2), 100.0)
    close[:, 1] = 100.0 + np.arange(40)
    scores = np.tile([0.0, 1.0], (40, 1))
    scores[:2] = scores[3:] = np.nan
    fillable = np.ones((40, 2), dtype=bool)
    fillable[3:, 1] = False
    book = long_short(panel_of(close), scores, config(horizon=2, hold="label"), fillable=fillable)
    assert np.prod(1 + book.returns["long_gross"]) == pytest.approx(1 + (104 / 103 - 1) / 2, abs=1e-14)


@pytest.mark.parametrize("every", [1, 2, 3, 6])
def test_tranches_share_the_capital_whatever_the_rebalancing(every: int) -> None:
    """In a market where all stocks earn the same, every full book earns just that."""
    growth = np.cumprod(np.full((60, 1), 1.01), axis=0) * np.array([100.0, 200.0, 50.0, 10.0])
    scores = scores_for(60, 4)
    book = long_short(panel_of(growth), scores, config(horizon=6, every=every))
    full = slice(10, 40)
    np.testing.assert_allclose(book.returns["long_gross"][full], 0.01, atol=2e-4)
    np.testing.assert_allclose(book.exposure["long"][full], 1.0, atol=0.07)
    assert book.decisions == pytest.approx(57 / every, abs=1)


def test_one_tranche_by_hand(market: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    close, open_, scores = market
    book = long_short(panel_of(close, open_), scores, config(horizon=3, every=3))
    value = np.ones(28)
    for s in range(4, 28):  # decisions in rows 0, 3, 6, ...; those before row 2 have no score
        gain = 0.0
        for decision in range(3, 28, 3):
            entry, leave = decision + 1, decision + 4
            if entry <= s <= leave:
                begin = open_[entry] if s == entry else close[s - 1]
                end = open_[leave] if s == leave else close[s]
                chosen = top(scores[decision : decision + 1])[0] == 1
                gain += value[entry - 1] * ((end - begin) / open_[entry])[chosen].mean()
        value[s] = value[s - 1] + gain
    ours = on(book, "long_gross", panel_of(close).dates[4:28])
    np.testing.assert_allclose(ours, value[4:] / value[3:-1] - 1, atol=1e-14)


def test_months_may_overlap() -> None:
    growth = np.cumprod(np.full((200, 1), 1.002), axis=0) * np.array([100.0, 200.0, 50.0, 10.0])
    book = long_short(panel_of(growth), scores_for(200, 4), config(rebalance="monthly", hold_months=3))
    late = slice(70, 190)  # three cohorts are alive from the fourth month on
    np.testing.assert_allclose(book.returns["long_gross"][late], 0.002, atol=2e-4)
    first = book.exposure["long"][5]
    assert first == pytest.approx(1 / 3, abs=0.02)


def test_rebalancing_must_fill_the_capital() -> None:
    with pytest.raises(ValueError, match="`every` must divide `horizon`"):
        config(horizon=5, every=2)
    with pytest.raises(ValueError, match="`hold_months`"):
        config(hold_months=0)
    with pytest.raises(ValueError, match="weights"):
        config(weights="best")


def test_halted_positions_keep_their_last_price_and_the_delisted_become_cash() -> None:
    close = np.full((10, 2), 100.0)
    close[4:, 1] = 120.0
    close[5:, 1] = np.nan  # stock 1 trades last in row 4
    volume = np.ones((10, 2))
    scores = np.tile([0.0, 1.0], (10, 1))
    scores[:2] = np.nan
    scores[3:] = np.nan
    halted = long_short(panel_of(close, volume=volume), scores, config(horizon=4, costs=COMMISSION))
    volume[5:, 1] = np.nan
    gone = panel_of(close, volume=volume)
    cash = long_short(gone, scores, config(horizon=4, costs=COMMISSION))
    lost = long_short(gone, scores, config(horizon=4, costs=COMMISSION, delisting_return=-1.0))
    assert np.prod(1 + halted.returns["long_gross"]) == pytest.approx(1 + 0.2 / 4)
    assert np.prod(1 + cash.returns["long_gross"]) == pytest.approx(1 + 0.2 / 4)
    assert np.prod(1 + lost.returns["long_gross"]) == pytest.approx(1 - 1 / 4)
    assert cash.turnover["long"].sum() == pytest.approx(0.5 / 4)  # nobody sells what is cash already
    assert halted.turnover["long"].sum() == pytest.approx(0.5 / 4)  # nobody can sell what does not trade


def test_large_orders_are_cut_and_thin_stocks_are_not_opened() -> None:
    close = np.full((8, 4), 100.0)
    scores = np.tile(np.arange(4.0), (8, 1))
    scores[:4] = np.nan
    turnover = np.full((8, 4), 1e8)
    turnover[:, 3] = 1e9
    costs = {"capital": 1e9, "max_participation": 0.1, "window": 2, "impact": 0.0}
    book = long_short(panel_of(close, turnover=turnover), scores, config(costs=CostConfig(**costs)))
    # Orders of 5e8 yen each; 1e7 and 1e8 are filled.
    assert book.unfilled["long"] == pytest.approx(1 - (1e7 + 1e8) / 1e9)
    thin = CostConfig(**costs, min_turnover=5e8)
    assert long_short(panel_of(close, turnover=turnover), scores, config(costs=thin)).stocks["long"] == 1.0


def test_only_what_can_be_borrowed_is_shorted() -> None:
    close, open_ = walk(20, 8, 3)
    scores = scores_for(20, 8)
    panel = panel_of(close, open_)
    free = long_short(panel, scores, config())
    none = long_short(panel, scores, config(), shortable=np.zeros((20, 8), dtype=bool))
    assert (free.short_kind, none.short_kind) == ("paper", "borrowable")
    assert none.stocks["short"] == 0.0
    np.testing.assert_allclose(none.returns["long_short_gross"], none.returns["long_gross"], rtol=1e-12)


def test_monthly_books_hold_from_the_first_open_to_the_next() -> None:
    close, open_ = walk(70, 6, 4)
    panel = panel_of(close, open_)
    scores = np.tile(np.arange(6.0), (70, 1))
    book = long_short(panel, scores, config(rebalance="monthly", costs=COMMISSION))
    month = panel.dates.astype("datetime64[M]")
    starts = np.flatnonzero(month[1:] != month[:-1]) + 1
    assert book.decisions == len(starts)
    assert book.dates[0] == panel.dates[starts[0]]
    held = open_[starts[1], 3:] / open_[starts[0], 3:] - 1
    days = (book.dates >= panel.dates[starts[0]]) & (book.dates < panel.dates[starts[1]])
    until_close = np.prod(1 + book.returns["long_gross"][days])
    assert until_close == pytest.approx((close[starts[1] - 1, 3:] / open_[starts[0], 3:]).mean())
    traded = np.flatnonzero(book.turnover["long"])
    np.testing.assert_array_equal(book.dates[traded], panel.dates[starts])
    drifted = (1 + held) / 3
    # Rebalanced to thirds of the capital: half of what has grown beyond or shrunk below is traded one way.
    expected = 0.5 * np.abs(drifted - 1 / 3).sum()
    assert book.turnover["long"][traded[1]] == pytest.approx(expected, rel=1e-9)


def test_the_future_changes_nothing() -> None:
    close, open_ = walk(40, 8, 5)
    scores = scores_for(40, 8)
    whole = long_short(panel_of(close, open_), scores, PortfolioConfig(buckets=2, min_stocks=2))
    poisoned = [array.copy() for array in (close, open_, scores)]
    poisoned[0][30:] *= 7.0
    poisoned[1][30:] *= 3.0
    poisoned[2][30:] = -poisoned[2][30:]
    changed = long_short(
        panel_of(poisoned[0], poisoned[1]), poisoned[2], PortfolioConfig(buckets=2, min_stocks=2)
    )
    before = whole.dates < panel_of(close).dates[30]
    assert before.sum() == 20
    for name in whole.returns:
        np.testing.assert_array_equal(whole.returns[name][before], changed.returns[name][before])
    assert not np.array_equal(whole.returns["long_gross"], changed.returns["long_gross"])


def test_dates_without_a_session_are_no_rows() -> None:
    close, open_ = walk(20, 30, 6)
    scores = scores_for(20, 30)
    clean = long_short(panel_of(close, open_), scores, config())
    gap = [np.insert(array, 10, np.nan, axis=0) for array in (close, open_, scores)]
    volume = np.insert(np.ones((20, 30)), 10, 0.0, axis=0)
    shut = long_short(panel_of(gap[0], gap[1], volume=volume), gap[2], config())
    np.testing.assert_array_equal(clean.returns["long_short_net"], shut.returns["long_short_net"])


def test_universe_return_by_hand() -> None:
    close = np.array([[100.0, 50.0, np.nan], [110.0, np.nan, 10.0], [99.0, 60.0, 20.0]])
    members = np.isfinite(close)
    result = universe_return(panel_of(close), members)
    np.testing.assert_allclose(result, [np.nan, 0.05, (-0.1 + 1.0) / 2])


def test_wrong_arguments() -> None:
    close, open_ = walk(20, 8, 7)
    panel = panel_of(close, open_)
    with pytest.raises(ValueError, match=r"`scores` must have the panel's shape \(20, 8\)"):
        long_short(panel, np.zeros((20, 7)))
    with pytest.raises(DataGapError, match="No date has enough scores for 10 buckets; the most is 8"):
        long_short(panel, scores_for(20, 8))
    with pytest.raises(ValueError, match="Did you mean `monthly`"):
        PortfolioConfig(rebalance="month")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`horizon` must be at least 1"):
        PortfolioConfig(horizon=0)
    with pytest.raises(ValueError, match="`delisting_return` must be >= -1"):
        PortfolioConfig(delisting_return=-2.0)
