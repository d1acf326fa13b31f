"""Earnings reports, disclosures and dates as events (requirements section 5, the F- ids of time).

The day of a report is the day of its disclosure; a row learns of it on the session after (in an evening panel
on the day itself). Returns before and after it are held until the next report is known. Corrections of a
report are no reports.
"""

from __future__ import annotations

from jqfast.features.catalog.company import (
    MISSING,
    MONTH,
    actual,
    after_report,
    fading,
    known_flag,
    on_report_day,
    price,
)
from jqfast.features.catalog.pieces import ret, std
from jqfast.features.columns import column
from jqfast.features.declare import Family
from jqfast.features.expr import Expr
from jqfast.features.ops import abs_, exp, fill, isnan, lag, log, where

event = Family("event")

#: Sessions of a quarter, by which counts of sessions are scaled.
QUARTER = 60
_FLAGS = ("subsidiaries_changed", "standards_revised", "policies_changed", "estimates_changed", "restated")


def _index_return() -> Expr:
    index = column("topix_close")
    return index / lag(index, 1) - 1


def _abnormal() -> Expr:
    """1 where today's move against the market is beyond two deviations of the 20 sessions before."""
    excess = ret(1) - _index_return()
    return abs_(excess) > 2 * lag(std(excess, MONTH), 1)


def _material() -> Expr:
    """1 where the newest report tells of a change of its basis."""
    first, *rest = (fill(actual(name), 0) for name in _FLAGS)
    flag = first > 0
    for each in rest:
        flag = flag | (each > 0)
    return where(isnan(actual("since")), MISSING, flag)


def _scheduled() -> Expr:
    return column("earnings_in")


# -- returns around reports --------------------------------------------------------------------

event.add(
    "report_drift_{k}",
    after_report,
    k=(1, 3, 5, 20),
    norm="cs",
    clip=0.01,
    req="F-PEAD5, F-EVPOST5",
    kind="event",
    doc="Return over the k sessions after the last report, as far as they have passed, held until the next.",
    purpose="Prices go on in the direction of the surprise for weeks.",
    reference="Bernard & Thomas 1989, J. Accounting Research 27",
)
event.add(
    "report_run_up_{k}",
    lambda k: on_report_day(price() / lag(price(), k) - 1, 1),
    k=(5, 20),
    norm="cs",
    clip=0.01,
    req="F-EVPRE5, F-SURPROXY",
    kind="event",
    doc="Return over the k sessions that ended on the day before the last report, held until the next.",
    purpose="What had leaked or was expected before the report.",
)
event.add(
    "report_jump_before",
    lambda: where(actual("since") <= MONTH, on_report_day(_abnormal(), 1), 0),
    norm="flag",
    req="F-PREABN",
    kind="event",
    doc=(
        "1 for 20 sessions after a report where the day before it moved against TOPIX by more than two "
        "deviations of the 20 sessions before."
    ),
    purpose="Somebody knew.",
)
event.add(
    "report_drift_fading_{k}",
    lambda k: fading(after_report(5), actual("since"), k),
    k=MONTH,
    norm="cs",
    clip=0.01,
    req="F-DECAY",
    kind="event",
    doc="Return over the 5 sessions after the last report, fading with exp(-sessions / k).",
    purpose="The reaction to a report counts less from day to day.",
)

# -- material disclosures ----------------------------------------------------------------------

event.add(
    "material_change_{n}",
    lambda n: known_flag((actual("since") <= n) & _material(), actual("since")),
    n=(10, 20),
    norm="flag",
    req="F-DISCFLAG",
    kind="event",
    doc=(
        "1 for n sessions after a report with a change of subsidiaries, accounting standards, policies or "
        "estimates, or with restated figures."
    ),
    purpose="The numbers are not what they used to be.",
)
event.add(
    "material_change_ret_{k}",
    lambda k: where(_material(), after_report(k), 0),
    k=(1, 3),
    norm="cs",
    clip=0.01,
    req="F-DISCRET",
    kind="event",
    doc="Return over the k sessions after a report with such a change, held until the next; 0 without one.",
    purpose="How the market took the change.",
)

# -- distances in time -------------------------------------------------------------------------

event.add(
    "report_age",
    lambda: actual("since") / QUARTER,
    norm="none",
    clip=0.01,
    req="F-DSE",
    kind="time",
    doc="Sessions since the day of the last report, in units of 60.",
    purpose="What is known gets old.",
)
event.add(
    "report_recency_{tau}",
    lambda tau: exp(-actual("since") / tau),
    tau=(5, MONTH),
    norm="unit",
    req="F-DECAY",
    kind="time",
    doc="exp(-sessions since the last report / tau): 1 on its day, then fading.",
    purpose="Lets a model weigh other inputs by how fresh the report is.",
)
event.add(
    "report_ahead",
    lambda: where(isnan(_scheduled()), column("earnings_expected_in"), _scheduled()) / QUARTER,
    norm="none",
    clip=0.01,
    req="F-DTE",
    kind="time",
    doc=(
        "Sessions to the next report, in units of 60: as scheduled, else 364 days after last year's report "
        "of the same quarter."
    ),
    purpose="Uncertainty grows towards a report.",
)
event.add(
    "report_ahead_estimated",
    lambda: where(isnan(column("earnings_expected_in")) & isnan(_scheduled()), MISSING, isnan(_scheduled())),
    norm="flag",
    req="F-DTE",
    kind="time",
    doc="1 where `report_ahead` is an estimate, 0 where it is the schedule.",
    purpose="An estimate is days off.",
)
event.add(
    "report_ahead_by_last_year",
    lambda: column("earnings_expected_in") / QUARTER,
    norm="none",
    clip=0.01,
    req="F-DTE",
    kind="time",
    doc="Sessions to 364 days after last year's report of the same quarter, in units of 60.",
    purpose="The same measure for years without schedules.",
)
event.add(
    "exdiv_age",
    lambda: column("dividend_ago") / QUARTER,
    norm="none",
    clip=0.01,
    req="F-DSX",
    kind="time",
    doc="Sessions since the last ex-dividend day, in units of 60.",
    purpose="Income holders leave after the dividend.",
)
event.add(
    "log_listing_age",
    lambda: log(column("listing_age") + 1),
    norm="cs",
    req="F-DSL",
    kind="time",
    doc="Log of the sessions since the listing; missing for stocks older than the store.",
    purpose="Young stocks are held, lent and followed differently.",
)
