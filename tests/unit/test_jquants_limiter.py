"""The pace of requests: never more than the limit in any minute, whatever the clocks and threads do."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jqfast.data.jquants.errors import StoppedError
from jqfast.data.jquants.limiter import JITTER, PAUSES, Limiter, Limits


class FakeTime:
    """A clock that waiting moves; stands in for the stop event too."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return False

    def is_set(self) -> bool:
        return False


def _limiter(rate: int, clock: FakeTime, luck: float = 0.0) -> Limiter:
    return Limiter(rate, stop=clock, clock=clock, luck=lambda: luck)  # type: ignore[arg-type]  # a clock that plays both parts


@pytest.mark.parametrize("rate", [1, 5, 60, 120, 500])
def test_no_minute_holds_more_than_the_limit(rate: int) -> None:
    clock = FakeTime()
    limiter = _limiter(rate, clock)
    times = []
    for _ in range(4 * rate):
        limiter.take()
        times.append(clock.now)
    assert all(late - early >= 60 for early, late in zip(times, times[rate:], strict=False))
    # Nor much less: at least 97 of 100 over the whole time.
    assert times[-1] <= 60 / 0.97 * (len(times) - 1) / rate


@given(st.lists(st.floats(0, 90), max_size=60), st.integers(1, 8))
def test_pauses_between_requests_do_not_matter(pauses: list[float], rate: int) -> None:
    clock = FakeTime()
    limiter = _limiter(rate, clock)
    times = []
    for pause in pauses:
        clock.now += pause
        limiter.take()
        times.append(clock.now)
    assert all(late - early >= 60 for early, late in zip(times, times[rate:], strict=False))


def test_a_minute_has_no_bursts_at_high_rates() -> None:
    clock = FakeTime()
    limiter = _limiter(500, clock)
    for _ in range(125):
        limiter.take()
    assert clock.now == pytest.approx(124 * 61 / 2000)  # a quarter of the minute's requests in 4 seconds
    for _ in range(100):
        limiter.take()
    assert clock.now == pytest.approx(124 * 61 / 2000 + 100 * 61 / 500)


@pytest.mark.parametrize(("luck", "longer"), [(0.0, 1.0), (0.5, 1.05), (1.0, 1.1)])
def test_a_refusal_pauses_everybody_longer_each_time(luck: float, longer: float) -> None:
    clock = FakeTime()
    limiter = _limiter(500, clock, luck)
    for pause in (*PAUSES, PAUSES[-1]):
        limiter.take()
        before = clock.now
        limiter.refused(None)
        limiter.refused(None)  # a second thread's answer to the same moment counts once
        limiter.take()
        assert clock.now - before == pytest.approx(60 * pause * longer)
    limiter.accepted()
    before = clock.now
    limiter.refused(None)
    limiter.take()
    assert clock.now - before == pytest.approx(60 * PAUSES[0] * longer)


@pytest.mark.parametrize(("luck", "seconds"), [(0.0, 7.0), (1.0, 7.7)])
def test_a_refusal_that_says_how_long_is_believed(luck: float, seconds: float) -> None:
    clock = FakeTime()
    limiter = _limiter(500, clock, luck)
    limiter.take()
    limiter.refused(7.0)
    limiter.take()
    assert clock.now == pytest.approx(seconds)


def test_programs_refused_together_do_not_come_back_together() -> None:
    clocks = [FakeTime() for _ in range(20)]
    for clock in clocks:
        limiter = Limiter(500, stop=clock, clock=clock)  # type: ignore[arg-type]  # a clock that plays both parts
        limiter.refused(None)
        limiter.take()
    low = 60 * PAUSES[0]
    assert all(low <= clock.now <= low * (1 + JITTER) for clock in clocks)
    assert len({clock.now for clock in clocks}) > 1


def test_an_answer_from_before_the_pause_does_not_end_it() -> None:
    clock = FakeTime()
    limiter = _limiter(500, clock)
    limiter.refused(None)
    limiter.accepted()
    clock.now += 60 * PAUSES[0]
    limiter.refused(None)
    before = clock.now
    limiter.take()
    assert clock.now - before == pytest.approx(60 * PAUSES[1])


def test_a_jump_of_the_wall_clock_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = Limiter(3, minute=0.2)
    jumps = iter([1e9, 0.0, 2e9, -1e9] * 3)
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    begin = time.monotonic()
    for _ in range(6):
        limiter.take()
    assert time.monotonic() - begin >= 0.2


def test_threads_share_one_limit() -> None:
    limiter = Limiter(20, minute=0.5)
    times: list[float] = []

    def ask() -> None:
        for _ in range(10):
            limiter.take()
            times.append(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.sort()
    assert len(times) == 50
    # The moments are taken after `take`, so they can be late by a little, but 20 lie a minute apart.
    assert all(late - early >= 0.45 for early, late in zip(times, times[20:], strict=False))


def test_waiting_ends_when_the_sync_does() -> None:
    stop = threading.Event()
    limiter = Limiter(1, stop=stop)
    limiter.take()
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(StoppedError):
        limiter.take()


def test_statements_have_a_limit_of_their_own() -> None:
    limits = Limits(500)
    assert {path: limiter.rate for path, limiter in limits.own.items()} == {
        "/fins/summary": 60,
        "/fins/details": 60,
        "/edinet/major-shareholders": 60,
        "/td/list": 100,
    }
    limits.set_rate(5)
    assert limits.account.rate == 5
    assert {limiter.rate for limiter in limits.own.values()} == {5}


def test_a_rate_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="`rate` must be at least 1"):
        Limiter(0)
