"""The simulated market: one session after another, all stocks at once, handed out by the year.

Goes in: a configuration. Comes out: ``Year`` after year of what happened, and at the end the documents,
splits and dividends of the whole span. Each session:

1. books of the month before are closed, their disclosures get dates (`companies.py`, `filings.py`);
2. splits and dividends of the day move the base price;
3. the hidden price moves overnight and through the day, with news, documents and the planted drift;
4. the path becomes bars (`trading.py`);
5. a reader's knowledge moves on: drivers, expectation, drift of the next session (`effects.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from jqfast.data.simulator import companies as books
from jqfast.data.simulator import effects, filings
from jqfast.data.simulator.config import SimulateConfig
from jqfast.data.simulator.issues import FIRST_SECTION, PRIME, Issues, draw_issues
from jqfast.data.simulator.overseas import Overseas, draw_overseas
from jqfast.data.simulator.prices import FINE_500_FROM, to_tick
from jqfast.data.simulator.sessions import OUTAGE, Sessions, make_sessions
from jqfast.data.simulator.shocks import Shocks
from jqfast.data.simulator.state import Agenda, Annals, Document, Floor, Year, new_year
from jqfast.data.simulator.stress import Foreigners, Stress, draw_stress, outlook
from jqfast.data.simulator.trading import LOT, Bar, Path, Rules, Volume, quotes, trade
from jqfast.types import BoolArray, DateArray, FloatArray, IntArray

_GROWTH = 0.04 / 245
_SPLIT_FROM, _MERGE_BELOW = 4000.0, 120.0  # yen of raw price
_SPLITS_PER_SESSION = 1.0 / 200
_REACTION, _NOISE = 0.022, 0.015  # of a price to the news in results, and beside it
_HISTORY = 27  # months of books before the first session
_SETTLE_T2 = np.datetime64("2019-07-16", "D")
_STREAMS = (
    *("issues", "companies", "filings", "market", "stock", "path", "volume", "splits", "stress", "flow"),
    *("overseas", "reaction", "tables", "margin", "shorts", "options", "delivery"),
)
#: Members of the scale categories in a market of 4,000 issues, and the same for smaller ones.
_SCALES = np.array([30, 100, 500, 1000]) / 4000.0


class Market:
    """A simulated market; ``years`` runs it."""

    def __init__(self, config: SimulateConfig) -> None:
        seeds = np.random.SeedSequence(config.seed).spawn(len(_STREAMS))
        self.rng = {n: np.random.Generator(np.random.PCG64(s)) for n, s in zip(_STREAMS, seeds, strict=True)}
        self.config = config
        self.sessions: Sessions = make_sessions(config.start, config.end)
        self.issues: Issues = draw_issues(self.sessions, config, self.rng["issues"])
        self.overseas: Overseas = draw_overseas(self.sessions, self.rng["overseas"])
        self.stress: Stress = draw_stress(len(self.sessions.dates), self.rng["stress"])
        self.foreigners = Foreigners.plan(self.sessions, self.rng["flow"])
        scale = config.strength if config.planted else 0.0
        self.strength = {name: value * scale for name, value in effects.STRENGTH.items()}
        self.annals = Annals()
        N = config.stocks
        self._books = books.Companies(self.issues, dividends=config.frictions, rng=self.rng["companies"])
        self._secretary = filings.Secretary(self.sessions, N, self.rng["filings"])
        self._agenda = Agenda()
        self._visible = effects.opening(N)
        price = self.issues.price
        base = to_tick(price, np.zeros(N, np.bool_), early=True) if config.frictions else price.copy()
        capital = self.issues.shares * price
        segment = self.issues.segment.copy()
        self._floor = Floor(
            np.log(price),
            base,
            np.ones(N),
            np.zeros(N),
            segment,
            _scales(capital, segment, self.issues.listed(0)),
        )
        self._shocks = Shocks(self.issues, self.rng["market"], self.rng["stock"])
        self._volume = Volume(self.issues.log_turnover, self.rng["volume"])
        self._pending = np.zeros(N, np.bool_)
        self._next_move = 0
        self._month = int(self.sessions.dates[0].astype("datetime64[M]").astype(np.int64))

    def years(self) -> Iterator[Year]:
        """Run the market, one calendar year at a time."""
        for month in range(self._month - _HISTORY, self._month):
            self._close_books(month)
        dates = self.sessions.dates
        calendar_year = dates.astype("datetime64[Y]")
        for each in np.unique(calendar_year):
            rows = np.flatnonzero(calendar_year == each)
            year = new_year(rows, dates[rows], self.config.stocks)
            for s, t in enumerate(rows):
                self._session(year, s, int(t))
            yield year

    def planned(self, issue: IntArray, quarter: IntArray, end: DateArray) -> DateArray:
        """The day on which each company means to disclose a quarter."""
        return self._secretary.planned(issue, quarter, end)

    def _session(self, year: Year, s: int, t: int) -> None:
        """One session, written to row ``s`` of its year."""
        date = self.sessions.dates[t]
        self._turn_month(int(date.astype("datetime64[M]").astype(np.int64)))
        self._turn_segments(t)
        listed = self.issues.listed(t)
        year.listed[s], year.segment[s], year.scale[s] = listed, self._floor.segment, self._floor.scale
        if date == OUTAGE:
            self._know(year, s, t, listed)
            return
        year.factor[s] = self._split(t)
        bar, moves = self._trade(t, listed)
        traded = bar.traded
        year.prices[s] = np.where(traded, bar.prices, np.nan)
        year.volume[s], year.turnover[s], year.limit[s] = bar.volume, bar.turnover, bar.limit & traded
        year.market[s], year.tide[s] = moves
        floor = self._floor
        floor.base = np.where(traded, bar.prices[3], floor.base)
        with np.errstate(invalid="ignore"):
            mean = effects.observe(self._visible, np.log(bar.prices[3] / floor.adjustment), traded)
        self.foreigners.observe(t, mean)
        self._know(year, s, t, listed)
        self._announce_splits(t, listed)

    def _trade(self, t: int, listed: BoolArray) -> tuple[Bar, tuple[float, float]]:
        """Move the hidden prices and trade."""
        floor, issues, config, date = self._floor, self.issues, self.config, self.sessions.dates[t]
        moves = self._shocks.draw(float(self.overseas.gap[t]))
        calm = np.where((issues.news >= 0) & (t > issues.news), issues.calm, 1.0)
        night, day = moves.night * calm, moves.day * calm
        night = night + np.where(issues.news == t, issues.jump, 0.0) + self._pay_dividends(t)
        for issue, jump in self._agenda.night.pop(t, []):
            np.add.at(night, issue, jump)
        for issue, jump in self._agenda.day.pop(t, []):
            np.add.at(day, issue, jump)
        opened = floor.hidden + night
        growth = _GROWTH if config.frictions else 0.0
        closed = opened + day + floor.drift + growth
        large = (floor.scale >= 1) & (floor.scale <= (3 if date >= FINE_500_FROM else 2))
        rules = Rules(config.frictions, bool(date < FINE_500_FROM), large, bool(self.sessions.half[t]))
        raw = quotes(
            Path(opened, closed, moves.spread * calm), floor.adjustment, floor.base, rules, self.rng["path"]
        )
        surprise = np.abs(night + day) / moves.typical
        shares = self._volume.draw(raw, surprise, floor.hidden - np.log(issues.price))
        # In the pure null market a dear stock must not trade less often: missing prices would lean one way.
        sure = (issues.first == t) | (issues.last == t) | (not config.frictions)
        shares = np.where(sure, np.maximum(shares, LOT), shares) * (listed & ~issues.halted[t])
        floor.hidden = np.where(listed, closed, floor.hidden)
        return trade(raw, shares, floor.base, rules, self.rng["volume"]), (moves.market, moves.tide)

    def _know(self, year: Year, s: int, t: int, listed: BoolArray) -> None:
        """What a reader knows at the close: documents, drivers, expectation; and the next session's drift."""
        floor, visible = self._floor, self._visible
        for doc in self._agenda.documents.pop(t, []):
            known = np.isfinite(doc.equity)
            visible.equity[doc.issue[known]] = doc.equity[known]
            visible.income[doc.issue[known]] = doc.income[known]
            visible.forecast[doc.issue] = doc.forecast
            np.add.at(visible.echo, doc.issue, effects.surprise_unit(doc.surprise))
        prospect = outlook(self.stress, self.foreigners, t)
        now = effects.drivers(visible, self.issues.shares, listed, prospect)
        ahead = effects.expected(now, visible, prospect, self.strength)
        floor.drift = effects.drift(now, visible, prospect, self.strength)
        year.adjustment[s] = floor.adjustment
        year.statement[:, s] = visible.equity, visible.income, visible.forecast
        year.capital[s] = np.where(listed, np.exp(visible.seen) * self.issues.shares, np.nan)
        year.drivers[s] = np.where(listed, np.stack([now[name] for name in effects.DRIVERS]), np.nan)
        year.expected[s] = np.where(listed, np.stack([ahead[h] for h in effects.HORIZONS]), np.nan)
        year.outlook[s] = [prospect.flow[:h].sum() for h in effects.HORIZONS]

    # Books and documents

    def _turn_month(self, month: int) -> None:
        """On the first session of a month: close books; in November: scale categories from October's end."""
        while self._month < month:
            self._close_books(self._month)
            if (self._month + 1) % 12 == 10:
                capital = np.exp(self._visible.seen) * self.issues.shares
                self._floor.scale = _scales(capital, self._floor.segment, np.isfinite(capital))
            self._month += 1

    def _close_books(self, month: int) -> None:
        """Close the quarters that end in ``month`` and put their documents on the agenda."""
        results = self._books.close(month, np.exp(self._floor.hidden))
        if not len(results.issue):
            return
        planned = self._secretary.planned(results.issue, results.quarter, results.end)
        papers = self._secretary.file(results, planned)
        papers = papers.take(np.flatnonzero(self._public(results.issue[papers.entry], papers.day)))
        offset = sum(len(batch.issue) for batch in self.annals.results)
        self.annals.results.append(results)
        self._schedule(results, papers)
        moved = filings.Filings(**{**vars(papers), "entry": papers.entry + offset})
        self.annals.filings.append(moved)

    def _public(self, issue: IntArray, day: DateArray) -> BoolArray:
        """Whether a company is listed on the day of a document; around the span: on its ends."""
        row = np.clip(self.sessions.row_from(day), 0, len(self.sessions.dates) - 1)
        return np.asarray((self.issues.first[issue] <= row) & (row <= self.issues.last[issue]))

    def _schedule(self, results: books.Results, papers: filings.Filings) -> None:
        entry, agenda = papers.entry, self._agenda
        issue = results.issue[entry]
        is_result, is_revision = papers.kind == filings.RESULT, papers.kind == filings.REVISION
        carries = is_revision | (is_result & ~papers.early)
        noise = self.rng["reaction"].standard_normal((2, len(entry)))
        # In the pure market prices take no notice of what is in a document: a changed forecast tells of the
        # results to come, and whether there is one depends on the news itself.
        news = results.news[entry] if self.config.frictions else noise[1]
        jump = carries * (_REACTION * news + _NOISE * noise[0])
        row, before_open = filings.reaction(papers, self.sessions)
        for when, bucket in ((True, agenda.night), (False, agenda.day)):
            chosen = carries & (before_open == when) & (papers.day >= self.sessions.dates[0])
            for r in np.unique(row[chosen]):
                at = chosen & (row == r)
                bucket[int(r)].append((issue[at], jump[at]))
        known = np.maximum(self.sessions.row_after(papers.day), 0)
        # Surprises from before the span have faded; its statements are known on the first row.
        fresh = papers.day >= self.sessions.dates[0]
        told = np.where(fresh & (is_revision | (is_result & ~papers.early)), results.surprise[entry], 0.0)
        statement = papers.kind != filings.REVISION
        change = results.own[entry] * (papers.changed - 1.0)
        equity = np.where(statement, results.equity[entry] + change, np.nan)
        income = np.where(statement, results.year[entry] + change, np.nan)
        outlook_ = results.forecast[3, entry]
        for r in np.unique(known):
            at = np.flatnonzero(known == r)
            agenda.documents[int(r)].append(
                Document(issue[at], equity[at], income[at], outlook_[at], told[at])
            )

    # Splits and dividends

    def _split(self, t: int) -> FloatArray:
        """The session's factors, applied to base price and adjustment."""
        factor = np.ones(self.config.stocks)
        for issue, value in self._agenda.splits.pop(t, []):
            factor[issue] = value
            self._pending[issue] = False
        self._floor.adjustment = self._floor.adjustment * factor
        self._floor.base = self._floor.base * factor
        return factor

    def _announce_splits(self, t: int, listed: BoolArray) -> None:
        """After the close: 1/2, 1/3, 1/5 for dear stocks, 10 for very cheap ones, in force weeks later."""
        rng, base, issues = self.rng["splits"], self._floor.base, self.issues
        draws, wait = rng.uniform(size=len(base)), rng.integers(25, 46, size=len(base))
        ex = t + wait
        may = listed & ~self._pending & (issues.first + 60 < t) & (ex < issues.last)
        may &= (draws < _SPLITS_PER_SESSION) & ((base >= _SPLIT_FROM) | (base < _MERGE_BELOW))
        for issue in np.flatnonzero(may):
            price, row = base[issue], int(ex[issue])
            if row >= len(self.sessions.dates) or self.sessions.dates[row] == OUTAGE:
                continue
            merged = price < _MERGE_BELOW
            factor = 10.0 if merged else 0.5 if price < 6e3 else 1 / 3 if price < 1e4 else 0.2
            self._pending[issue] = True
            self._agenda.splits[row].append((int(issue), factor))
            self.annals.splits.append((t, row, int(issue), factor))

    def _pay_dividends(self, t: int) -> FloatArray:
        """Log move of the shares that go ex today."""
        out = np.zeros(self.config.stocks)
        if not self.config.frictions:
            return out
        month = self._record_month(t)
        for part, before in enumerate((6, 0)):  # interim and final
            ends = (self.issues.year_end - before - 1) % 12 == month % 12
            idx = np.flatnonzero(ends & self.issues.listed(t) & (month >= 0))
            share = self._books.dividend(idx)[part] / np.exp(self._floor.hidden[idx])
            out[idx] += np.log1p(-np.minimum(share, 0.5))
        return out

    def _record_month(self, t: int) -> int:
        """Month (from 1970-01) whose last session's shareholders lose their right today, -1 if none do."""
        step = 1 if self.sessions.dates[t] >= _SETTLE_T2 else 2
        months = self.sessions.at(np.array([t + step, t + step + 1])).astype("datetime64[M]").astype(np.int64)
        return int(months[0]) if months[0] != months[1] else -1

    # Segments

    def _turn_segments(self, t: int) -> None:
        moves = self.issues.moves
        while self._next_move < len(moves) and moves[self._next_move, 0] <= t:
            _, issue, segment = moves[self._next_move]
            self._floor.segment[issue] = segment
            self._next_move += 1


def _scales(capital: FloatArray, segment: IntArray, listed: BoolArray) -> IntArray:
    """TOPIX scale category of each issue: 1 Core30, 2 Large70, 3 Mid400, 4 Small 1, 5 Small 2, 0 none."""
    member = np.isin(segment, (FIRST_SECTION, PRIME)) & listed
    place = np.argsort(np.argsort(-np.where(member, capital, -1.0), kind="stable"), kind="stable")
    edges = np.maximum(np.rint(_SCALES * len(capital)), [1, 2, 4, 6])
    return np.where(member, 1 + np.searchsorted(edges, place, side="right"), 0).astype(np.int64)
