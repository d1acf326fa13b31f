"""Statements, forecasts and peers (requirements section 5, the F- ids of amounts; dates are in ``event``).

Quarters are single, taken out of the cumulative amounts of the filings. Sectors are the 33 of the exchange;
where a sector has fewer than five values the market takes its place. A consensus of analysts is not in
J-Quants: it comes from a table of your own.
"""

from __future__ import annotations

from collections.abc import Callable

from jqfast.features.catalog.company import (
    MISSING,
    MONTH,
    SECTORS,
    actual,
    fading,
    forecast,
    forecast_yield,
    from_median,
    growth,
    held,
    in_sector,
    known_flag,
    market_value,
    positive,
    unit_rank,
)
from jqfast.features.columns import column
from jqfast.features.declare import Family
from jqfast.features.expr import Expr
from jqfast.features.ops import (
    as_of,
    cs_demean,
    cs_zscore,
    eq,
    fill,
    isnan,
    lag,
    last_valid,
    ne,
    period_lag,
    period_mean,
    period_std,
    since,
    where,
)

fundamental = Family("fundamental")

_ITEMS = {"sales": "sales", "op": "operating profit", "odp": "ordinary profit", "np": "net profit"}
_PROFITS = {name: words for name, words in _ITEMS.items() if name != "sales"}
#: Quarters of seasonal differences that an unexpected quarter is measured by.
QUARTERS, QUARTERS_NEEDED = 8, 6
#: Years of the same quarter with which progress is compared.
YEARS = 3


def _by_quarter(item: str) -> Expr:
    return growth(actual(f"{item}_q"), actual(f"{item}_q_ya"))


def _unexpected(item: str) -> Expr:
    """Seasonal difference less its drift, in deviations of the eight before."""
    change = actual(f"{item}_q") - actual(f"{item}_q_ya")
    before = period_lag(change, actual("period"), 1)
    drift = period_mean(before, actual("period"), QUARTERS, QUARTERS_NEEDED)
    return (change - drift) / period_std(before, actual("period"), QUARTERS, QUARTERS_NEEDED)


def _against_guidance(item: str) -> Expr:
    """Of the full year; held until the next full year is out."""
    surprise = growth(actual(item), actual(f"{item}_guided"))
    return period_lag(where(eq(actual("quarter"), 4), surprise, MISSING), actual("year_end"), 0)


def _against_consensus(result: Expr, consensus: Expr) -> Expr:
    """The consensus is that of the close before the report could be known."""
    fresh = actual("since") <= 2
    return held(where(fresh & eq(actual("age"), 0), growth(result, lag(consensus, 1)), MISSING))


def _progress(item: str) -> Expr:
    """Of the year's forecast in force; at the end of the year, of the one before the report."""
    expected = where(eq(actual("quarter"), 4), actual(f"{item}_guided"), forecast(item))
    return actual(item) / positive(expected)


def _progress_before(item: str) -> Expr:
    """Mean progress of the same quarter in the three years before, two of which must be there."""
    total, count = 0 * actual("quarter"), 0 * actual("quarter")
    for year in range(1, YEARS + 1):
        same = eq(period_lag(actual("quarter"), actual("period"), 4 * year), actual("quarter"))
        past = where(fill(same, 0), period_lag(_progress(item), actual("period"), 4 * year), MISSING)
        total = total + fill(past, 0)
        count = count + ~isnan(past)
    return where(count >= 2, total / count, MISSING)


def _change(item: str) -> Expr:
    """What the last filing did to the forecast of its year."""
    return column(f"fc_{item}") - column(f"fc_{item}_before")


def _announced(flag: Expr) -> Expr:
    """The flag on the session that learns of a filing."""
    return eq(column("fc_age"), 0) & flag


def _revised(flag: Expr) -> Expr:
    return known_flag(since(_announced(flag)) < MONTH, column("fc_age"))


def _last_revision(item: str, size: Expr) -> Expr:
    """The size of the last revision within a month."""
    return last_valid(where(_announced(ne(_change(item), 0)), size, MISSING), MONTH - 1)


def _revision(item: str, size: Expr) -> Expr:
    """The last revision for a month, then 0."""
    return where(isnan(column("fc_age")), MISSING, fill(_last_revision(item, size), 0))


def _revision_fading(item: str) -> Expr:
    size = growth(column(f"fc_{item}"), column(f"fc_{item}_before"))
    event = _announced(ne(_change(item), 0))
    last = last_valid(where(event, size, MISSING), 6 * MONTH)
    return where(isnan(column("fc_age")), MISSING, fill(fading(last, since(event), MONTH), 0))


#: Ratios that are compared with those of the sector: name -> (formula, words, requirements).
_COMPARED: dict[str, tuple[Callable[[], Expr], str, str]] = {
    "sales_growth": (
        lambda: growth(actual("sales_ttm"), actual("sales_ttm_ya")),
        "sales growth of twelve months",
        "F-SECDIFF, F-SALESDEV",
    ),
    "op_margin": (
        lambda: actual("op_ttm") / positive(actual("sales_ttm")),
        "operating profit to sales of twelve months",
        "F-SECDIFF, F-MARGDEV",
    ),
    "roe": (
        lambda: actual("np_ttm") / positive(actual("equity")),
        "net profit of twelve months to equity",
        "F-SECDIFF",
    ),
    "book_to_price": (lambda: actual("equity") / market_value(), "equity to market value", "F-SECDIFF"),
    "forecast_yield": (forecast_yield, "forecast earnings per share to price", "F-SECDIFF"),
}


# -- unexpected results ------------------------------------------------------------------------

for _item, _words in _ITEMS.items():
    fundamental.add(
        f"{_item}_yoy",
        lambda item=_item: _by_quarter(item),
        norm="cs33",
        clip=0.01,
        req="F-SURPROXY",
        kind="growth",
        doc=f"{_words.capitalize()} of the newest single quarter against the same quarter a year ago.",
        purpose="Growth as the newest report shows it, the season taken out.",
    )
    fundamental.add(
        f"{_item}_sue",
        lambda item=_item: _unexpected(item),
        norm="cs33",
        clip=0.01,
        req="F-SURPROXY",
        kind="surprise",
        doc=(
            f"Seasonal difference of quarterly {_words} less its drift, in standard deviations of the eight "
            "before (six are enough)."
        ),
        purpose="The unexpected part of a report where no consensus is at hand; prices follow it for weeks.",
        reference="Bernard & Thomas 1989, J. Accounting Research 27",
    )
    fundamental.add(
        f"{_item}_surprise_company",
        lambda item=_item: _against_guidance(item),
        norm="cs33",
        clip=0.01,
        req="F-SURCOMP",
        kind="surprise",
        doc=f"{_words.capitalize()} of the last full year against the company's last forecast before it.",
        purpose="How far the company misjudged its own year.",
    )
fundamental.add(
    "eps_surprise_company",
    lambda: _against_guidance("eps"),
    norm="cs33",
    clip=0.01,
    req="F-SURCOMP",
    kind="surprise",
    doc="Earnings per share of the last full year against the company's last forecast before it.",
    purpose="How far the company misjudged its own year.",
)
fundamental.add(
    "eps_surprise",
    lambda: _against_consensus(as_of(actual("eps")), column("consensus_eps")),
    norm="cs33",
    clip=0.01,
    req="F-SUREPS",
    kind="surprise",
    doc=(
        "Earnings per share as reported against the consensus of the close before, held until the next; "
        "your own table (column `consensus_eps`, yen per share of the day, cumulative as reported)."
    ),
    purpose="What the market did not expect.",
    reference="Ball & Brown 1968, J. Accounting Research 6(2)",
)
fundamental.add(
    "op_surprise",
    lambda: _against_consensus(actual("op"), column("consensus_op")),
    norm="cs33",
    clip=0.01,
    req="F-SUROP",
    kind="surprise",
    doc=(
        "Operating profit as reported against the consensus of the close before, held until the next report; "
        "your own table (column `consensus_op`, yen, cumulative in the year as reported)."
    ),
    purpose="What the market did not expect of the business itself.",
)

# -- progress through the year -----------------------------------------------------------------

for _item, _words in _ITEMS.items():
    fundamental.add(
        f"{_item}_progress",
        lambda item=_item: _progress(item),
        norm="cs33",
        clip=0.01,
        req="F-PROG",
        kind="progress",
        doc=f"Cumulative {_words} to the company's forecast for the year.",
        purpose="Four fifths by the half-year make an upward revision likely.",
    )
    fundamental.add(
        f"{_item}_progress_sector",
        lambda item=_item: in_sector(cs_demean, _progress(item), column(SECTORS) * 10 + actual("quarter")),
        norm="cs",
        clip=0.01,
        req="F-PROGSEC",
        kind="progress",
        doc=f"Progress of {_words} less the mean of the sector's stocks that are at the same quarter.",
        purpose="Ahead of the peers, whatever the season of the business.",
    )
    fundamental.add(
        f"{_item}_progress_history",
        lambda item=_item: _progress(item) - _progress_before(item),
        norm="cs",
        clip=0.01,
        req="F-PROGHIST",
        kind="progress",
        doc=f"Progress of {_words} less its own mean at the same quarter of the three years before.",
        purpose="Ahead of the company's own habit.",
    )

# -- revisions of forecasts --------------------------------------------------------------------

for _item, _words in _ITEMS.items():
    fundamental.add(
        f"{_item}_revised_up_20",
        lambda item=_item: _revised(_change(item) > 0),
        norm="flag",
        req="F-REVUP",
        kind="revision",
        doc=f"1 for 20 sessions after the company raised its forecast of {_words}.",
        purpose="Good news that is not in the price at once.",
    )
    fundamental.add(
        f"{_item}_revised_down_20",
        lambda item=_item: _revised(_change(item) < 0),
        norm="flag",
        req="F-REVDN",
        kind="revision",
        doc=f"1 for 20 sessions after the company cut its forecast of {_words}.",
        purpose="Bad news that is not in the price at once.",
    )
    fundamental.add(
        f"{_item}_revision_size_20",
        lambda item=_item: _revision(item, growth(column(f"fc_{item}"), column(f"fc_{item}_before"))),
        norm="cs33",
        clip=0.01,
        req="F-REVMAG",
        kind="revision",
        doc=f"Last revision of the forecast of {_words} over its absolute value for 20 sessions, then 0.",
        purpose="The size of the news.",
    )
    fundamental.add(
        f"{_item}_revision_fading_20",
        lambda item=_item: _revision_fading(item),
        norm="cs33",
        clip=0.01,
        req="F-REVMAG, F-DECAY",
        kind="revision",
        doc=f"Last revision of the forecast of {_words}, fading with exp(-sessions / 20), 0 after 120.",
        purpose="News that loses its weight instead of being switched off.",
    )
for _item, _words in _PROFITS.items():
    fundamental.add(
        f"{_item}_revision_to_market_20",
        lambda item=_item: _revision(item, _change(item) / market_value()),
        norm="cs33",
        clip=0.01,
        req="F-REVMAG",
        kind="revision",
        doc=f"Last revision of the forecast of {_words} to market value for 20 sessions, then 0.",
        purpose="The size of the news by what one pays for the company, also where the forecast was near 0.",
    )

# -- against the sector ------------------------------------------------------------------------

for _item, _words in _PROFITS.items():
    fundamental.add(
        f"{_item}_growth_sector_z",
        lambda item=_item: in_sector(cs_zscore, growth(actual(f"{item}_ttm"), actual(f"{item}_ttm_ya"))),
        norm="none",
        clip=0.01,
        req="F-GROWSECZ",
        kind="growth",
        doc=f"Growth of {_words} of twelve months, in deviations from the mean of the sector.",
        purpose="Growth beyond what the whole industry has.",
    )
fundamental.add(
    "op_yoy_sector_z",
    lambda: in_sector(cs_zscore, _by_quarter("op")),
    norm="none",
    clip=0.01,
    req="F-OPYOYZ",
    kind="growth",
    doc="Operating profit of the quarter against a year ago, in deviations from the mean of the sector.",
    purpose="A quarter beyond what the whole industry had.",
)
fundamental.add(
    "op_yoy_sector_high",
    lambda: in_sector(cs_zscore, _by_quarter("op")) >= 2,
    norm="flag",
    req="F-OPYOYHI",
    kind="growth",
    doc="1 where `op_yoy_sector_z` is 2 or more.",
    purpose="An exceptional quarter, yes or no.",
)
fundamental.add(
    "op_yoy_sector_low",
    lambda: in_sector(cs_zscore, _by_quarter("op")) <= -2,
    norm="flag",
    req="F-OPYOYLO",
    kind="growth",
    doc="1 where `op_yoy_sector_z` is -2 or less.",
    purpose="An exceptionally bad quarter, yes or no.",
)
fundamental.add(
    "forecast_per_rank",
    lambda: in_sector(unit_rank, -forecast_yield()),
    norm="unit",
    req="F-FPERRANK",
    kind="value",
    doc=(
        "Rank of the forecast price-earnings ratio in the sector, 0 for the lowest, 1 for the highest; by "
        "the earnings yield, so that expected losses rank above every ratio."
    ),
    purpose="Cheap among its peers.",
)
for _name, (_build, _words, _req) in _COMPARED.items():
    fundamental.add(
        f"{_name}_sector_mean_gap",
        lambda build=_build: in_sector(cs_demean, build()),
        norm="cs33" if "DEV" in _req else "cs",
        clip=0.01,
        req=_req,
        kind="peers",
        doc=f"{_words[0].upper()}{_words[1:]} less the mean of the sector.",
        purpose="Compares within an industry what differs between industries.",
    )
    fundamental.add(
        f"{_name}_sector_median_gap",
        lambda build=_build: in_sector(from_median, build()),
        norm="cs",
        clip=0.01,
        req="F-SECDIFF",
        kind="peers",
        doc=f"{_words[0].upper()}{_words[1:]} less the median of the sector.",
        purpose="As the distance from the mean, unmoved by a few outliers among the peers.",
    )
    fundamental.add(
        f"{_name}_sector_rank",
        lambda build=_build: in_sector(unit_rank, build()),
        norm="unit",
        req="F-SECRANK",
        kind="peers",
        doc=f"Rank of {_words} in the sector, 0 for the lowest, 1 for the highest.",
        purpose="The place among the peers, whatever the scale.",
    )

# -- stock factors from statement details, which not every plan delivers -----------------------

fundamental.add(
    "cash_flow_yield_forecast_details",
    lambda: (forecast("np") + column("fd_depreciation_year")) / market_value(),
    norm="cs",
    clip=0.01,
    req="N-FCFP",
    kind="value",
    doc="Forecast net profit plus the depreciation of last year's statement, to market value.",
    purpose="Value on cash, with depreciation as reported.",
)
fundamental.add(
    "ebitda_to_ev_forecast_details",
    lambda: (
        (forecast("op") + column("fd_depreciation_year"))
        / positive(market_value() + column("fd_debt") - actual("cash"))
    ),
    norm="cs",
    clip=0.01,
    req="N-FEBITDAEV",
    kind="value",
    doc=(
        "Forecast operating profit plus last year's depreciation, to market value plus interest-bearing debt "
        "less cash."
    ),
    purpose="Value of the business whatever its financing, with debt as reported.",
)
fundamental.add(
    "net_debt_to_market_details",
    lambda: (column("fd_debt") - actual("cash")) / market_value(),
    norm="cs",
    clip=0.01,
    req="N-NETDEBT",
    kind="quality",
    doc="Interest-bearing debt less cash to market value.",
    purpose="Leverage at the market's price, with debt as reported.",
)
fundamental.add(
    "debt_to_equity_details",
    lambda: column("fd_debt") / positive(actual("net_assets")),
    norm="cs",
    clip=0.01,
    req="N-DE",
    kind="quality",
    doc="Interest-bearing debt to net assets: the other reading of the debt ratio.",
    purpose="Leverage by the books, suppliers' credit left out.",
)
