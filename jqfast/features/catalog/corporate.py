"""Corporate actions and special events (requirements section 8, the C- ids).

Ex-days and amounts are those announced by then; splits show on their ex-date through the adjustment factor,
and before it through the titles of disclosures or a table of the user's (Q-13). Flags are 0, not missing,
before the first event of a stock.
"""

from __future__ import annotations

from functools import reduce
from math import exp, inf, nan
from operator import add

from jqfast.features.catalog.pieces import ret, std
from jqfast.features.columns import adjustment, close, column
from jqfast.features.declare import Family
from jqfast.features.expr import Expr
from jqfast.features.ops import abs_, eq, fill, isnan, lag, log, since, ts_max, ts_min, ts_sum, where

#: A panel of prices alone has no ages of listings; splits are not worth offering there.
corporate = Family("corporate", needs=("listing_age",))

MONTH, YEAR = 20, 245  # sessions; the second of a year in Tokyo, in which every dividend has its place

AGO, SCORE, ANNOUNCED = column("dividend_ago"), column("news_score"), column("split_announced")


def _step() -> Expr:
    """log of the shares that one became on its ex-date: positive for splits, negative for consolidations."""
    return log(lag(adjustment, 1) / adjustment)


def _known(flag: Expr, source: Expr) -> Expr:
    """0 where the flag has no answer yet, missing where its source is."""
    return where(isnan(source), nan, fill(flag, 0.0))


def _around_split(n: int) -> Expr:
    """From the announcement to n sessions after the ex-date that follows it."""
    told, done = since(ANNOUNCED > 0), fill(since(_step() > 0), inf)
    return (told <= YEAR) & ((done > told) | (done <= n))


def _paid() -> Expr:
    """Dividends of the ex-days of the past year, yen per share."""
    return ts_sum(where(eq(AGO, 0.0), column("dividend_last_amount"), 0.0), YEAR, 1)


def _fading(n: int) -> Expr:
    """Scores of n sessions, each with the weight exp(-3 age / n)."""
    return reduce(add, (exp(-3.0 * age / n) * fill(lag(SCORE, age), 0.0) for age in range(n)))


corporate.add(
    "after_exdiv_{n}",
    lambda n: fill(n > AGO, 0.0),
    n=(5, 20),
    norm="flag",
    req="C-DIVPOST",
    kind="event",
    doc="1 on the ex-dividend day and the n - 1 sessions after it.",
    purpose="The price fell by the dividend; buying by reinvestment follows.",
)
corporate.add(
    "div_yield_paid",
    lambda: _paid() / close,
    norm="cs",
    req="C-DIVY",
    kind="value",
    doc="Dividends of the ex-days of the past year over the close.",
    purpose="Stocks of high yield are bought before the ex-day and fall on it.",
)
corporate.add(
    "div_yield_next",
    lambda: column("dividend_next_amount") / close,
    norm="cs",
    req="C-DIVY",
    kind="value",
    doc="Dividend of the next ex-day announced, over the close.",
    purpose="What a buyer of today will be paid next.",
)
corporate.add(
    "div_to",
    lambda: column("dividend_in") - 1,
    norm="cs",
    unit="sessions",
    req="C-DIVTO",
    kind="event",
    doc="Sessions to the last day with the right to the next dividend announced; 0 on that day.",
    purpose="Buying for the dividend grows as the day comes near.",
)
corporate.add(
    "div_since",
    lambda: AGO,
    norm="cs",
    unit="sessions",
    req="C-DIVSINCE",
    kind="event",
    doc="Sessions since the last ex-dividend day.",
    purpose="The fall of the ex-day is made good within a month or so.",
)
corporate.add(
    "split_month",
    lambda: _known(since(ANNOUNCED > 0) <= MONTH, ANNOUNCED),
    norm="flag",
    req="C-SPLANN",
    kind="event",
    doc="1 for a month, 20 sessions, after a split was announced.",
    purpose="Splits bring small buyers and often come with good news.",
)
corporate.add(
    "split_window",
    lambda: _known(_around_split(5), ANNOUNCED),
    norm="flag",
    req="C-SPLWIN",
    kind="event",
    doc="1 from the announcement of a split to 5 sessions after its ex-date, a year at most.",
    purpose="The whole time between the news and its effect.",
)
corporate.add(
    "split_ratio_20",
    lambda: ts_sum(_step(), MONTH, 1),
    norm="none",
    unit="log of shares",
    req="C-SPLRATIO",
    kind="event",
    doc="Log of the shares that one became within 20 sessions: 0.69 for two, negative for consolidations.",
    purpose="The larger the split, the larger its effect.",
)
corporate.add(
    "split_flag_20",
    lambda: ts_max(_step(), MONTH, 1) > 0,
    norm="flag",
    req="C-SPLRATIO",
    kind="event",
    doc="1 for 20 sessions from the ex-date of a split.",
    purpose="Splits of any ratio.",
)
corporate.add(
    "merge_flag_20",
    lambda: -(ts_min(_step(), MONTH, 1) < 0),
    norm="flag",
    req="C-MERGE",
    kind="event",
    doc="-1 for 20 sessions from the ex-date of a consolidation of shares, else 0.",
    purpose="Consolidations come with weakness.",
)
for _name, _column, _words in (
    ("index_add", "added_to_index", "an addition to"),
    ("index_delete", "deleted_from_index", "a deletion from"),
):
    corporate.add(
        _name,
        lambda name=_column: fill(column(name), 0.0),
        norm="flag",
        req="C-IDXADD" if _name == "index_add" else "C-IDXDEL",
        kind="event",
        doc=f"1 from the announcement of {_words} an index to its day; a table of the user's.",
        purpose="Index funds have to trade on the day; prices move before it.",
    )
corporate.add(
    "news_score",
    lambda: SCORE,
    norm="none",
    req="C-NEWS",
    kind="event",
    doc="Titles of disclosures with words of good news less those of bad news, known for this session.",
    purpose="Raised forecasts, larger dividends, orders and mergers against their opposites.",
)
corporate.add(
    "news_fading_{n}",
    _fading,
    n=(3, 5),
    norm="none",
    req="C-NEWSDEC",
    kind="event",
    doc="`news_score` of n sessions, fading to a twentieth of its weight.",
    purpose="News works for some days.",
)
corporate.add(
    "price_jump_60",
    lambda: abs_(ret(1)) > 3.0 * lag(std(ret(1), 60), 1),
    norm="flag",
    req="C-NEWSPX",
    kind="event",
    doc="1 where the close moved by more than three deviations of the 60 sessions before.",
    purpose="News that has no title in the data.",
)
