"""The business behind each issue: quarterly sales, profits, equity, the company's own forecasts and
dividends.

Once a month the companies whose quarter has just ended close their books. Sales grow at a rate that leans on
how dear the shares are (prices run ahead of business, so that price to sales does not wander off), margins
return to the company's own level, and both meet a shock that nobody sees before the disclosure. The forecast
is the expectation at the time of disclosure, kept while it is near enough; the surprise is how far the
expectation of the full year has moved since the last forecast, over the equity last reported.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from jqfast.data.simulator.issues import Issues
from jqfast.types import AnyArray, BoolArray, DateArray, FloatArray, IntArray

_MILLION = 1e6
_TAX, _OTHER = 0.32, 1.02
_PERSISTENCE = 0.8  # of a margin's deviation, per quarter
_SALES_SHOCK, _PULL = 0.03, 0.04
_SMALLEST = float(np.log(5e7))  # log of a quarter's sales in yen
_KEEP = 0.05  # a forecast within this of the expectation stands
_PAYOUT = 0.3


@dataclass(frozen=True, eq=False)
class Results:
    """A batch of closed quarters, one entry per company; yen, profits cumulative in the fiscal year.

    ``issue``; ``quarter`` 1 to 4; ``end`` of the quarter and ``year_end`` of its fiscal year; ``flow`` (4, M)
    sales, operating, ordinary and net profit so far; ``own`` net profit of the quarter; ``year`` of the last
    four quarters; ``equity``, ``assets``, ``cash``; ``cash_flow`` (3, M) operating, investing, financing;
    ``forecast`` (4, M) of the full year after this disclosure (at the year's end: of the next year);
    ``before`` (4, M) the forecast until then; ``half`` (4, M) forecast of the first half to come;
    ``revised`` whether the forecast has changed; ``surprise``; ``news`` the symmetric shock behind it;
    ``dividend`` (2, M) interim and final per share of the year under report and ``next_dividend`` (2, M) of
    the forecast, on the basis of the first session's shares.
    """

    issue: IntArray
    quarter: IntArray
    end: DateArray
    year_end: DateArray
    flow: FloatArray
    own: FloatArray
    year: FloatArray
    equity: FloatArray
    assets: FloatArray
    cash: FloatArray
    cash_flow: FloatArray
    forecast: FloatArray
    before: FloatArray
    half: FloatArray
    revised: BoolArray
    surprise: FloatArray
    news: FloatArray
    dividend: FloatArray
    next_dividend: FloatArray

    def take(self, rows: AnyArray) -> Results:
        """The entries in ``rows``."""
        return Results(**{f.name: getattr(self, f.name)[..., rows] for f in fields(self)})


def joined(parts: list[Results]) -> Results:
    """All batches as one."""
    return Results(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts], axis=-1) for f in fields(Results)}
    )


def month_end(month: AnyArray) -> DateArray:
    """Last day of each month; months counted from 1970-01."""
    return np.asarray((month + 1).astype("datetime64[M]").astype("datetime64[D]") - np.timedelta64(1, "D"))


class Companies:
    """The books of all companies; ``close`` ends the quarter of those whose quarter ends in a month."""

    def __init__(self, issues: Issues, *, dividends: bool, rng: np.random.Generator) -> None:
        N = len(issues.code)
        self._issues, self._rng = issues, rng
        capital = issues.price * issues.shares
        self.equity = capital * np.exp(-0.1 + 0.45 * issues.style + 0.25 * rng.standard_normal(N))
        annual = self.equity * np.exp(0.6 + 0.5 * rng.standard_normal(N))
        returns = np.clip(0.08 + 0.045 * rng.standard_normal(N), -0.02, 0.3)
        self._margin = returns * self.equity / (annual * (1 - _TAX) * _OTHER)
        self._deviation = np.zeros(N)
        self._sales = np.log(annual / 4)
        self._growth = 0.005 + 0.004 * rng.standard_normal(N)
        self._season = np.exp(0.12 * rng.standard_normal((4, N)))
        self._season *= 4 / self._season.sum(axis=0)
        self._dearness = np.log(capital / annual)
        self._ratio = np.clip(0.5 + 0.16 * rng.standard_normal(N), 0.12, 0.85)
        self._cash = annual * np.exp(-1.6 + 0.4 * rng.standard_normal(N))
        self._flow = np.zeros((4, N))
        self._cash_flow = np.zeros((3, N))
        self._quarters = np.zeros((4, N))  # net profit by fiscal quarter, the newest of each
        self._forecast = np.full((4, N), np.nan)
        self._reported = self.equity.copy()  # as the latest statement has it
        self._payout = np.where(rng.uniform(size=N) < 0.9, _PAYOUT, 0.0) * float(dividends)
        self._interim = np.where(rng.uniform(size=N) < 0.7, 0.5, 0.0)
        self._dividend = self._payout * returns * self.equity / issues.shares

    def due(self, month: int) -> IntArray:
        """Companies whose quarter ends in a month (counted from 1970-01)."""
        return np.flatnonzero((month + 1 - self._issues.year_end) % 3 == 0)

    def close(self, month: int, price: FloatArray) -> Results:
        """Close the quarter that ends in ``month``; ``price`` (N,) on the basis of the first session."""
        issues, idx = self._issues, self.due(month)
        quarter = ((month + 1 - issues.year_end[idx]) // 3 - 1) % 4 + 1
        shocks = self._rng.standard_normal((2, len(idx)))
        growth = self._advance(idx, quarter, shocks, price[idx])
        expected = self._expected(idx, quarter, growth)
        closing = quarter == 4
        before = self._forecast[:, idx]
        near = np.abs(expected - before) <= _KEEP * np.maximum(np.abs(before), 0.01 * self.equity[idx])
        stands = near[0] & near[3] & ~closing
        forecast = np.where(stands, before, _three_digits(expected))
        outcome = np.where(closing, _yen(self._flow[3, idx]), forecast[3])
        surprise = np.where(np.isnan(before[3]), 0.0, (outcome - before[3]) / self._reported[idx])
        paid = self.dividend(idx)
        self._forecast[:, idx] = forecast
        self._pay(idx, quarter, stands, forecast[3])
        # The first half to come: of this year after the first quarter, of the next after its end.
        self._reported[idx] = _yen(self.equity[idx])
        half = np.where(quarter == 1, 0.48, np.where(closing, 0.48, np.nan)) * forecast
        return Results(
            issue=idx,
            quarter=quarter,
            end=np.full(len(idx), month_end(np.array([month]))[0]),
            year_end=month_end(month + 3 * (4 - quarter)),
            flow=_yen(self._flow[:, idx]),
            own=_yen(self._quarters[quarter - 1, idx]),
            year=_yen(self._quarters[:, idx].sum(axis=0)),
            equity=_yen(self.equity[idx]),
            assets=_yen(self.equity[idx] / self._ratio[idx]),
            cash=_yen(self._cash[idx]),
            cash_flow=_yen(self._cash_flow[:, idx]),
            forecast=forecast,
            before=before,
            half=_three_digits(half),
            revised=~stands & ~closing & np.isfinite(before[3]),
            surprise=surprise,
            news=shocks.sum(axis=0) / np.sqrt(2.0),
            dividend=paid,
            next_dividend=self.dividend(idx),
        )

    def _advance(self, idx: IntArray, quarter: IntArray, shocks: FloatArray, price: FloatArray) -> FloatArray:
        """Move the books on by a quarter; the growth rate that companies expect to go on."""
        rng, season = self._rng, self._season[quarter - 1, idx]
        dear = np.log(price * self._issues.shares[idx]) - self._sales[idx] - np.log(4.0)
        growth = self._growth[idx] + _PULL * np.clip(dear - self._dearness[idx], -1.5, 1.5)
        self._sales[idx] = np.maximum(self._sales[idx] + growth + _SALES_SHOCK * shocks[0], _SMALLEST)
        typical = np.maximum(np.abs(self._margin[idx]), 0.02)
        self._deviation[idx] = _PERSISTENCE * self._deviation[idx] + 0.2 * typical * shocks[1]
        sales = np.exp(self._sales[idx]) * season
        operating = sales * (self._margin[idx] + self._deviation[idx])
        ordinary = operating * _OTHER + 0.002 * sales * rng.standard_normal(len(idx))
        net = _after_tax(ordinary) + 0.003 * sales * np.clip(rng.standard_t(4, size=len(idx)), -8, 8)
        first = quarter == 1
        self._flow[:, idx] = np.where(first, 0.0, self._flow[:, idx]) + np.stack(
            [sales, operating, ordinary, net]
        )
        self._quarters[quarter - 1, idx] = net
        written_off = 0.04 * sales
        cash_flow = np.stack([net + written_off, -1.1 * written_off, -0.2 * net])
        cash_flow = cash_flow + 0.01 * sales * rng.standard_normal((3, len(idx)))
        self._cash_flow[:, idx] = np.where(first, 0.0, self._cash_flow[:, idx]) + cash_flow
        self._cash[idx] = np.maximum(self._cash[idx] + cash_flow.sum(axis=0), 0.02 * sales)
        self.equity[idx] = np.maximum(self.equity[idx] + net, self._floor(idx))
        return np.asarray(growth)

    def _expected(self, idx: IntArray, quarter: IntArray, growth: FloatArray) -> FloatArray:
        """(4, M) expected full year: what is done and the quarters to come; after the last, the next year."""
        closing = quarter == 4
        total = np.where(closing, 0.0, self._flow[:, idx])
        for ahead in range(1, 5):
            counts = closing | (quarter + ahead <= 4)
            at = (quarter + ahead - 1) % 4
            sales = np.exp(self._sales[idx] + growth * ahead) * self._season[at, idx]
            margin = self._margin[idx] + _PERSISTENCE**ahead * self._deviation[idx]
            operating = sales * margin
            ordinary = operating * _OTHER
            total = total + counts * np.stack([sales, operating, ordinary, _after_tax(ordinary)])
        return total

    def _floor(self, idx: IntArray) -> FloatArray:
        """Equity below which owners put money in: a twentieth of the year's sales."""
        return np.asarray(0.2 * np.exp(self._sales[idx]))

    def dividend(self, idx: IntArray) -> FloatArray:
        """(2, M) interim and final part of the current forecast per share."""
        share = self._interim[idx]
        return np.stack([share, 1.0 - share]) * self._dividend[idx]

    def _pay(self, idx: IntArray, quarter: IntArray, stands: BoolArray, profit: FloatArray) -> None:
        """Take dividends out of equity and set the next ones: at the year's end and with large revisions."""
        part = self.dividend(idx)
        out = np.where(quarter == 2, part[0], np.where(quarter == 4, part[1], 0.0)) * self._issues.shares[idx]
        self.equity[idx] = np.maximum(self.equity[idx] - out, self._floor(idx))
        aim = self._payout[idx] * np.maximum(profit, 0.0) / self._issues.shares[idx]
        now = self._dividend[idx]
        far = np.abs(aim - now) > np.where(quarter == 4, 0.15, 0.5) * np.maximum(now, 1e-9)
        # An interim dividend already decided does not change any more: only at 1Q, with the forecast, and FY.
        may = (quarter == 4) | ((quarter == 1) & ~stands)
        self._dividend[idx] = np.where(far & may, aim, now)


def _after_tax(ordinary: FloatArray) -> FloatArray:
    return np.asarray(ordinary * (1.0 - _TAX * (ordinary > 0)))


def _yen(values: FloatArray) -> FloatArray:
    """Whole millions, as companies report."""
    return np.asarray(np.rint(values / _MILLION) * _MILLION)


def _three_digits(values: FloatArray) -> FloatArray:
    """Three significant digits in whole millions, as forecasts are given."""
    size = np.maximum(np.abs(np.nan_to_num(values)), _MILLION)
    unit = np.maximum(10.0 ** np.floor(np.log10(size) - 2), _MILLION)
    return np.asarray(np.rint(values / unit) * unit)
