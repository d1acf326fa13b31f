"""Flows by type of investor (requirements section 6, the I- ids).

The source tells of a week on the Thursday after it; from the next session on its values are held until the
next week is known, and a correction takes the place of what it corrects (decision 1). Windows count weeks.
Net buying is buying less selling; shares are of all buying and selling together. A z-score of the last month
has four points and cannot exceed 1.5, so that the month enters as a sum and is judged by the year (Q-18).
"""

from __future__ import annotations

from jqfast.features.catalog.pieces import mean, weekly_mean, weekly_std, weekly_sum, weekly_zscore
from jqfast.features.columns import column
from jqfast.features.declare import Family
from jqfast.features.expr import Expr
from jqfast.features.ops import (
    abs_,
    lag,
    maximum,
    minimum,
    ne,
    period_diff,
    period_lag,
    period_streak,
    period_sum,
    sign,
)

flow = Family("flow")

#: Types of investor whose shares are columns, and the four that the seed follows from week to week.
TYPES = (
    "individual",
    "foreign",
    "securities",
    "trust_fund",
    "business",
    "other_company",
    "insurance",
    "bank",
    "trust_bank",
    "other_financial",
)
LEADERS = ("foreign", "individual", "trust_bank", "business")

WEEK = column("flow_week")
YEAR = 52
#: Weeks of the longest run, and of the running sum.
RUN, EVER = 104, 520


def _net(kind: str) -> Expr:
    """Yen bought less yen sold."""
    return column(f"flow_{kind}_buy") - column(f"flow_{kind}_sell")


def _total() -> Expr:
    """All buying and selling of the week, yen."""
    return column("flow_all_buy") + column("flow_all_sell")


def _part(kind: str) -> Expr:
    """Net buying over all trading."""
    return _net(kind) / _total()


def _share(kind: str) -> Expr:
    """Share of all trading."""
    return (column(f"flow_{kind}_buy") + column(f"flow_{kind}_sell")) / _total()


def _gain(kind: str) -> Expr:
    return period_diff(_share(kind), WEEK, 1)


def _leads(kind: str) -> Expr:
    """Its share grew the most of the four."""
    first, second, third = (_gain(other) for other in LEADERS if other != kind)
    return _gain(kind) > maximum(first, maximum(second, third))


def _correlation(n: int) -> Expr:
    """From the deviations of sum and difference: var(a + b) - var(a - b) = 4 cov(a, b)."""
    a, b = _part("foreign"), _part("individual")
    both, apart = weekly_std(a + b, WEEK, n), weekly_std(a - b, WEEK, n)
    return (both * both - apart * apart) / (4.0 * weekly_std(a, WEEK, n) * weekly_std(b, WEEK, n))


def _turned(kind: str) -> Expr:
    now = _part(kind)
    large = abs_(now) > weekly_std(now, WEEK, YEAR)
    return ne(sign(now), sign(period_lag(now, WEEK, 1))) & large


def _month_of_individuals() -> Expr:
    return weekly_zscore(weekly_sum(_part("individual"), WEEK, 4), WEEK, YEAR)


def _approached() -> Expr:
    """From last week's value to this week's in five equal steps, the first on the day it becomes known."""
    now, before = _part("foreign"), period_lag(_part("foreign"), WEEK, 1)
    return before + (now - before) * minimum((column("flow_age") + 1.0) / 5.0, 1.0)


def _by_the_days_move() -> Expr:
    topix = column("topix_close")
    move = abs_(topix / lag(topix, 1) - 1)
    return _part("foreign") * move / mean(move, 5)


flow.add(
    "flow_foreign",
    lambda: _part("foreign"),
    norm="ts",
    req="I-FRGN, I-BRIDGE, I-BRIDGELAG",
    kind="flow",
    doc="Net buying of foreigners over all trading of the week, held until the next week is known.",
    purpose="Who moves the Tokyo market: foreign buying goes with rising prices.",
)
flow.add(
    "flow_foreign_dev_{n}",
    lambda n: _part("foreign") - weekly_mean(_part("foreign"), WEEK, n),
    n=(4, 13),
    norm="ts",
    req="I-FRGNDEV",
    kind="flow",
    doc="Foreign net buying less its mean of n weeks, over all trading.",
    purpose="A week that is unlike the ones before it.",
)
flow.add(
    "flow_foreign_sum_{n}",
    lambda n: weekly_sum(_part("foreign"), WEEK, n),
    n=(26, 52),
    norm="ts",
    req="I-FRGNCUM",
    kind="flow",
    doc="Sum of foreign net buying over all trading, n weeks.",
    purpose="What has been built up or run down.",
)
flow.add(
    "flow_foreign_cum",
    lambda: period_sum(_part("foreign"), WEEK, EVER, 1),
    norm="ts",
    req="I-FRGNCUM",
    kind="flow",
    doc="Running sum of foreign net buying over all trading, of ten years at most.",
    purpose="The position of foreigners, from the first week that the data know.",
)
flow.add(
    "flow_foreign_4w_value",
    lambda: weekly_sum(_net("foreign"), WEEK, 4) / column("market_total"),
    norm="ts",
    req="I-FRGN4W",
    kind="flow",
    doc="Foreign net buying of four weeks over the market value of the panel's members.",
    purpose="Money that comes or goes, against the size of the market.",
)
flow.add(
    "flow_foreign_4w_gdp",
    lambda: weekly_sum(_net("foreign"), WEEK, 4) / column("gdp"),
    norm="ts",
    req="I-FRGN4W",
    kind="flow",
    doc="Foreign net buying of four weeks over gross domestic product.",
    purpose="As `flow_foreign_4w_value`, against the size of the economy; needs a table of the user's.",
)
flow.add(
    "flow_foreign_z_52",
    lambda: weekly_zscore(_part("foreign"), WEEK, YEAR),
    norm="ts",
    req="I-FRGNZ",
    kind="flow",
    doc="Foreign net buying in standard deviations from its mean of 52 weeks.",
    purpose="How unusual the week was.",
)
flow.add(
    "flow_foreign_mean_4",
    lambda: weekly_mean(_part("foreign"), WEEK, 4),
    norm="ts",
    req="I-FRGNMA4",
    kind="flow",
    doc="Mean foreign net buying over all trading, four weeks.",
    purpose="The direction of foreign money without the noise of a week.",
)
flow.add(
    "flow_foreign_streak",
    lambda: period_streak(_net("foreign") > 0, WEEK, RUN) - period_streak(_net("foreign") < 0, WEEK, RUN),
    norm="ts",
    req="I-STREAK",
    kind="flow",
    doc="Consecutive weeks of foreign net buying, negative for net selling; 104 at most.",
    purpose="Persistence: ten weeks of buying go with a strong trend.",
)
flow.add(
    "flow_foreign_shock",
    lambda: _part("foreign") / weekly_mean(abs_(_part("foreign")), WEEK, YEAR),
    norm="ts",
    req="I-SHOCK",
    kind="flow",
    doc="Foreign net buying as a multiple of its mean size of 52 weeks.",
    purpose="A burst that may be taken back.",
)
flow.add(
    "flow_foreign_step",
    lambda: period_diff(_part("foreign"), WEEK, 1),
    norm="ts",
    req="I-BRIDGE",
    kind="flow",
    doc="Foreign net buying over all trading, less that of the week before.",
    purpose="The bridge from weeks to sessions by steps.",
)
flow.add(
    "flow_foreign_linear",
    _approached,
    norm="ts",
    req="I-BRIDGE",
    kind="flow",
    doc="`flow_foreign` reached in five equal steps, which begin when the week becomes known.",
    purpose="The bridge from weeks to sessions by interpolation, forward so that it knows nothing early.",
)
flow.add(
    "flow_foreign_weighted",
    _by_the_days_move,
    norm="ts",
    req="I-BRIDGE",
    kind="flow",
    doc="`flow_foreign` times the size of the day's TOPIX return over its mean of 5 sessions.",
    purpose="The bridge from weeks to sessions by the size of the day's move.",
)
flow.add(
    "flow_individual",
    lambda: _part("individual"),
    norm="ts",
    req="I-INDNET",
    kind="flow",
    doc="Net buying of individuals over all trading of the week.",
    purpose="Individuals buy into falls and sell into rises.",
)
flow.add(
    "flow_individual_chg",
    lambda: period_diff(_part("individual"), WEEK, 1),
    norm="ts",
    req="I-INDNET",
    kind="flow",
    doc="Net buying of individuals over all trading, less that of the week before.",
    purpose="The path of their net buying.",
)
flow.add(
    "flow_individual_dev_{n}",
    lambda n: _part("individual") - weekly_mean(_part("individual"), WEEK, n),
    n=(4, 13),
    norm="ts",
    req="I-INDMADEV",
    kind="flow",
    doc="Net buying of individuals less its mean of n weeks, over all trading.",
    purpose="Individuals more eager or more afraid than of late.",
)
flow.add(
    "flow_individual_z",
    _month_of_individuals,
    norm="ts",
    req="I-INDZ",
    kind="flow",
    doc="Net buying of individuals over four weeks, in standard deviations from its mean of 52 weeks.",
    purpose="A month of unusual buying or selling by those who trade against the trend.",
)
flow.add(
    "flow_individual_flag",
    lambda: _month_of_individuals() > 2,
    norm="flag",
    req="I-INDZ",
    kind="flow",
    doc="1 where `flow_individual_z` is above 2.",
    purpose="A contrary signal: heavy buying by individuals comes near the bottom.",
)
for _kind in TYPES:
    flow.add(
        f"flow_share_{_kind}",
        lambda kind=_kind: _share(kind),
        norm="ts",
        req="I-SHARE",
        kind="flow",
        doc=f"Share of buying and selling by investors of the type {_kind.replace('_', ' ')}.",
        purpose="Who led the market that week.",
    )
for _kind in LEADERS:
    flow.add(
        f"flow_share_chg_{_kind}",
        lambda kind=_kind: _gain(kind),
        norm="ts",
        req="I-DSHARE",
        kind="flow",
        doc=f"Change of the share of {_kind.replace('_', ' ')} trading against the week before.",
        purpose="One type of investor stepping back for another.",
    )
    flow.add(
        f"flow_lead_{_kind}",
        lambda kind=_kind: _leads(kind),
        norm="flag",
        req="I-TURN",
        kind="flow",
        doc=f"1 where the share of {_kind.replace('_', ' ')} trading grew the most of the four main types.",
        purpose="A change of leaders often is a change of the trend.",
    )
for _kind in ("foreign", "trust_bank"):
    flow.add(
        f"flow_turn_{_kind}",
        lambda kind=_kind: _turned(kind),
        norm="flag",
        req="I-TURN",
        kind="flow",
        doc=f"1 where {_kind.replace('_', ' ')} net buying turned and is beyond one deviation of a year.",
        purpose="Those whose flows last have turned.",
    )
flow.add(
    "flow_both_buy",
    lambda: (_net("foreign") > 0) & (_net("individual") > 0),
    norm="flag",
    req="I-BOTHBUY",
    kind="flow",
    doc="1 where foreigners and individuals were both net buyers.",
    purpose="Rare, as they usually stand against each other: strong good news.",
)
flow.add(
    "flow_corr_26",
    lambda: _correlation(26),
    norm="ts",
    req="I-FLOWCORR",
    kind="flow",
    doc="Correlation of foreign and individual net buying over 26 weeks.",
    purpose="Whether the two main types still take opposite sides.",
)
