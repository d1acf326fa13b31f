"""What market to simulate: one frozen object that a person can write down."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, get_args

from jqfast.errors import check_range, unknown

Null = Literal["pure", "frictions"]

#: Past the change of the margin table to daily (2026-09-28), so that every market has all the breaks.
LAST_DAY = dt.date(2026, 10, 30)

_NOTES = {
    None: (
        "Simulated market with planted effects: reversal, momentum, value, quality, surprises, foreign flow "
        "and crash beta."
    ),
    "pure": (
        "Simulated null market: nothing in its past tells which stock will do better. Simple returns of "
        "volatile stocks are higher by half their variance, so decile returns may differ: judge by RankIC."
    ),
    "frictions": "Simulated market without planted effects but with price units, limits and delistings.",
}


@dataclass(frozen=True)
class SimulateConfig:
    """A simulated Tokyo with all tables of the J-Quants store.

    Parameters
    ----------
    stocks : number of issues over the whole span, 10 to 10000; some come and go, so that about 7 of 8 are
        listed on a date of 8 years and 3 of 4 on one of 16
    years : length in calendar years, 0.5 to 30, counted back from ``end``
    seed : the same seed and config give the same store; another number of stocks gives another market
    null : None plants the effects of `effects.py`; "pure" is symmetric given the past, with unrounded prices,
        no limits, no dividends and delistings that know of nothing (decision 9); "frictions" has none of the
        effects but price units, limits, dividends, illiquid days and delistings after news
    end : last calendar day; the default lies past every change of rule that the tables know
    strength : multiple of the planted effects, 1 for an oracle RankIC of 0.05 to 0.08 at 5 days
    sectors : number of the 33 sectors in use, so that a small market has sectors of some size

    Raises
    ------
    ValueError
        If a value is outside its range.
    """

    stocks: int = 300
    years: float = 8.0
    seed: int = 7
    null: Null | None = None
    end: dt.date = LAST_DAY
    strength: float = 1.0
    sectors: int = 33

    def __post_init__(self) -> None:
        if self.null is not None and self.null not in get_args(Null):
            raise unknown("null market", self.null, get_args(Null))
        check_range("stocks", self.stocks, 10, 10_000)
        check_range("years", self.years, 0.5, 30)
        check_range("seed", self.seed, 0, 2**63 - 1)
        check_range("strength", self.strength, 0, 3)
        check_range("sectors", self.sectors, 1, 33)
        if not dt.date(2000, 1, 1) <= self.start or self.end > dt.date(2040, 12, 31):
            raise ValueError(
                f"`years` and `end` must stay within 2000 to 2040; got {self.start} to {self.end}."
            )

    @property
    def start(self) -> dt.date:
        """First calendar day."""
        return self.end - dt.timedelta(days=round(self.years * 365.25) - 1)

    @property
    def planted(self) -> bool:
        """Whether the effects are planted."""
        return self.null is None

    @property
    def frictions(self) -> bool:
        """Whether price units, limits, dividends and news ahead of delistings exist."""
        return self.null != "pure"

    @property
    def source(self) -> str:
        """What a panel of the market says of its source."""
        return f"simulated ({self.null or 'planted'}, seed {self.seed})"

    @property
    def note(self) -> str:
        """What the reader of a report should know."""
        return _NOTES[self.null]
