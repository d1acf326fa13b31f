"""Labels against numbers worked by hand and against a loop over single cells."""

from __future__ import annotations

import numpy as np
import pytest

from jqfast.data.panel import Panel
from jqfast.learn.labels import make_labels

NAN = np.nan


def panel_of(opens: np.ndarray, closes: np.ndarray, **extra: np.ndarray) -> Panel:
    """A panel of opens and closes; everything else follows."""
    T, N = closes.shape
    listed = extra.pop("listed", np.ones((T, N), dtype=np.bool_))
    columns = {
        "open": opens,
        "high": extra.pop("high", np.fmax(opens, closes)),
        "low": extra.pop("low", np.fmin(opens, closes)),
        "close": closes,
        "volume": np.where(np.isfinite(closes), 100.0, 0.0),
        "turnover": np.zeros((T, N)),
        "adjustment": np.ones((T, N)),
    }
    dates = np.busday_offset("2024-01-04", np.arange(T)).astype("datetime64[D]")
    return Panel(dates, np.array([f"{n:04d}" for n in range(N)]), columns | extra, listed)


# Stock 0 trades always, 1 halts on rows 1 and 2, 2 is gone after row 2, 3 is locked at the limit on row 1.
OPEN = np.array(
    [
        [100.0, 50.0, 10.0, 200.0],
        [102.0, NAN, 11.0, 230.0],
        [104.0, NAN, 12.0, 240.0],
        [106.0, 60.0, NAN, 250.0],
        [108.0, 61.0, NAN, 260.0],
        [110.0, 62.0, NAN, 270.0],
    ]
)
CLOSE = np.array(
    [
        [101.0, 51.0, 10.5, 210.0],
        [103.0, NAN, 11.5, 230.0],
        [105.0, NAN, 12.5, 245.0],
        [107.0, 61.5, NAN, 255.0],
        [109.0, 61.8, NAN, 265.0],
        [111.0, 62.5, NAN, 275.0],
    ]
)
LISTED = np.isfinite(CLOSE) | (np.arange(4) == 1)
LIMIT = np.zeros((6, 4))
LIMIT[1, 3] = 1.0


def by_hand() -> Panel:
    return panel_of(OPEN, CLOSE, listed=LISTED, limit=LIMIT)


def test_open_start_by_hand() -> None:
    labels = make_labels(by_hand(), (1, 3))
    one, three = labels.returns[:, 0]
    # O(1) to C(1); halted all window: 0; O(1) to C(1); locked all window: 0
    np.testing.assert_allclose(one, [103 / 102 - 1, 0.0, 11.5 / 11 - 1, 0.0], rtol=1e-14)
    # next tradable open is row 3; the last price of the delisted is C(2); the locked one gets in at O(2)
    np.testing.assert_allclose(
        three, [107 / 102 - 1, 61.5 / 60 - 1, 12.5 / 11 - 1, 255 / 240 - 1], rtol=1e-14
    )
    assert labels.stale[:, 0].tolist() == [[False, True, False, True], [False, False, True, False]]
    assert labels.fillable[0].tolist() == [True, False, True, False]
    assert labels.end_row[:, 0].tolist() == [1, 3]


def test_close_start_by_hand() -> None:
    labels = make_labels(by_hand(), (1, 2), start="close")
    # C(1) to C(2); halted: 0; C(1) to C(2); locked on row 1, in at C(2) which is also the end
    np.testing.assert_allclose(labels.returns[0, 0], [105 / 103 - 1, 0.0, 12.5 / 11.5 - 1, 0.0], rtol=1e-14)
    np.testing.assert_allclose(
        labels.returns[1, 0], [107 / 103 - 1, 0.0, 12.5 / 11.5 - 1, 255 / 245 - 1], rtol=1e-14, atol=1e-15
    )
    assert labels.end_row[:, 0].tolist() == [2, 3]


def test_halt_at_the_end_by_hand() -> None:
    closes, opens = CLOSE.copy(), OPEN.copy()
    closes[4, 0] = opens[4, 0] = NAN
    labels = make_labels(panel_of(opens, closes), (2,))
    np.testing.assert_allclose(labels.returns[0, 2, 0], 107 / 106 - 1, rtol=1e-14)
    assert labels.stale[0, 2, 0]


def test_delisting_return_by_hand() -> None:
    for given in (-0.4, {"0002": -0.4}):
        returns = make_labels(by_hand(), (1, 3), delisting_return=given).returns
        np.testing.assert_allclose(returns[1, 0, 2], 12.5 / 11 * 0.6 - 1, rtol=1e-14)
        np.testing.assert_allclose(returns[0, 0, 2], 11.5 / 11 - 1, rtol=1e-14)  # still listed at the end
        np.testing.assert_allclose(returns[0, 2, 2], -0.4, rtol=1e-14)  # gone before any trade
        np.testing.assert_allclose(returns[1, 0, 0], 107 / 102 - 1, rtol=1e-14)
    assert np.isnan(make_labels(by_hand(), (1,)).returns[0, 3:, 2]).all()


def test_a_limit_touched_but_traded_is_fillable() -> None:
    limit = LIMIT.copy()
    limit[2, 3] = 1.0
    labels = make_labels(panel_of(OPEN, CLOSE, listed=LISTED, limit=limit), (1,))
    assert labels.fillable[1, 3]
    np.testing.assert_allclose(labels.returns[0, 1, 3], 245 / 240 - 1, rtol=1e-14)


def cell(panel: Panel, t: int, n: int, horizon: int, start: str) -> tuple[float, bool]:
    """One label, by the definition, with loops."""
    rows = [r for r in np.flatnonzero(panel.is_session) if r > t]
    ahead = horizon + (start == "close")
    if not panel.is_session[t] or len(rows) < ahead or not panel.listed[t, n]:
        return NAN, False
    window = rows[:ahead]
    for entry in window:
        o, h, low = (panel[name][entry, n] for name in ("open", "high", "low"))
        locked = panel["limit"][entry, n] != 0 and o == h == low
        if panel.listed[entry, n] and np.isfinite(panel[start][entry, n]) and not locked:
            break
    else:
        return 0.0, True
    for last in reversed([r for r in window if r >= entry]):
        if np.isfinite(panel["close"][last, n]) and panel.listed[last, n]:
            return panel["close"][last, n] / panel[start][entry, n] - 1.0, last != window[-1]
    return 0.0, True


@pytest.mark.parametrize("start", ["open", "close"])
@pytest.mark.parametrize("horizon", [1, 2, 7])
def test_random_market_against_the_loop(start: str, horizon: int) -> None:
    rng = np.random.default_rng(horizon)
    T, N = 50, 9
    closes = 100 * np.exp(rng.normal(0, 0.03, (T, N)).cumsum(axis=0))
    opens = closes * np.exp(rng.normal(0, 0.01, (T, N)))
    limit = np.where(rng.random((T, N)) < 0.1, 1.0, 0.0)
    opens = np.where(limit == 1.0, closes, opens)
    halted = (rng.random((T, N)) < 0.2) & (np.arange(N) > 0)
    halted[[17, 30]] = True  # no session at all
    rows = np.arange(T)[:, None]
    listed = (rows >= rng.integers(0, 15, N)) & (rows < rng.integers(25, 70, N)) | (np.arange(N) == 0)
    opens[halted | ~listed] = closes[halted | ~listed] = NAN
    panel = panel_of(opens, closes, listed=listed, limit=limit)
    assert panel.is_session.sum() == T - 2
    labels = make_labels(panel, (horizon,), start=start)
    expected = [[cell(panel, t, n, horizon, start) for n in range(N)] for t in range(T)]
    np.testing.assert_allclose(
        labels.returns[0], [[value for value, _ in row] for row in expected], rtol=1e-12
    )
    np.testing.assert_array_equal(labels.stale[0], [[stale for _, stale in row] for row in expected])
    assert np.isfinite(labels.returns).sum() > 150
    assert labels.stale.sum() > 10
