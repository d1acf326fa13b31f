"""The 33 stock factors of the neural-network study of 2019 (requirements section 10, the N- ids).

The study prints names only (its figure 13). Forecasts are the company's own; per-share items and prices are
on one split basis; growth from a base below zero is the change over its absolute value. What a statement
summary does not have is named where it is replaced: depreciation by operating cash flow less profit,
interest-bearing debt by all liabilities. With both as statement details give them: ``fundamental``.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from types import MappingProxyType

from jqfast.features.catalog.company import (
    MISSING,
    MONTH,
    YEAR,
    accruals,
    actual,
    earnings_yield,
    forecast,
    forecast_yield,
    growth,
    liabilities,
    market_value,
    positive,
    price,
)
from jqfast.features.catalog.pieces import PERIODS_PER_YEAR, ret, std
from jqfast.features.columns import column, volume
from jqfast.features.declare import Family, two_thirds
from jqfast.features.expr import Expr
from jqfast.features.ops import eq, isnan, lag, log, ts_beta, ts_mean, ts_zscore, where

#: Offered beside statements only: its price columns are there for the study's sake.
stock_factors = Family("stock_factors", needs=("fs_np",))

#: Requirement -> the feature that stands for it in the set of 126, in the order of the study's figure 13.
STOCK_FACTORS: Mapping[str, str] = MappingProxyType(
    {
        "N-SALESG": "sales_growth",
        "N-FSALESG": "sales_growth_forecast",
        "N-ODPG": "odp_growth",
        "N-FODPG": "odp_growth_forecast",
        "N-NPG": "np_growth",
        "N-FNPG": "np_growth_forecast",
        "N-FODPREV": "odp_revision_20",
        "N-FROE": "roe_forecast",
        "N-DIVY": "dividend_yield_actual",
        "N-FDIVY": "dividend_yield_forecast",
        "N-BP": "book_to_price",
        "N-DFEP": "earnings_yield_forecast_change_20",
        "N-TSEP": "earnings_yield_z_720",
        "N-FCFP": "cash_flow_yield_forecast",
        "N-FSP": "sales_yield_forecast",
        "N-FEBITDAEV": "ebitda_to_ev_forecast",
        "N-MCAP": "log_market_value",
        "N-EQ": "log_equity",
        "N-SALES": "log_sales",
        "N-TURN": "share_turnover_20",
        "N-RET1M": "ret_20",
        "N-RET3M": "ret_60",
        "N-RET6M": "ret_120",
        "N-RET12M": "ret_240",
        "N-RET36M": "ret_720",
        "N-BETA": "beta_topix_720",
        "N-DEFAULT": "default_risk",
        "N-EP": "earnings_yield",
        "N-FEP": "earnings_yield_forecast",
        "N-OPM": "op_margin",
        "N-EQR": "equity_ratio",
        "N-DE": "debt_to_equity",
        "N-NETDEBT": "net_debt_to_market",
    }
)


def _revision(item: str) -> Expr:
    """Change of the forecast in a month; 0 where the month brought the first forecast of a new year."""
    now, before = forecast(item), lag(forecast(item), MONTH)
    same_year = eq(column("fc_target"), lag(column("fc_target"), MONTH))
    return where(same_year, growth(now, before), where(isnan(now), MISSING, 0))


def _net_debt() -> Expr:
    return liabilities() - actual("cash")


def _default_risk() -> Expr:
    """Minus the naive distance to default, all liabilities taken as debt due in a year."""
    equity, debt = market_value(), liabilities()
    value = equity + debt
    sigma = std(ret(1), YEAR) * sqrt(PERIODS_PER_YEAR)
    # The volatility of debt is guessed from that of the shares, the drift is the past year's return.
    sigma_value = equity / value * sigma + debt / value * (0.05 + 0.25 * sigma)
    drift = price() / lag(price(), YEAR) - 1
    return -(log(value / debt) + drift - 0.5 * sigma_value * sigma_value) / sigma_value


def _beta(w: int) -> Expr:
    index = column("topix_close")
    return ts_beta(ret(1), index / lag(index, 1) - 1, w, two_thirds(w))


# -- growth and revisions ----------------------------------------------------------------------

stock_factors.add(
    "sales_growth",
    lambda: growth(actual("sales_ttm"), actual("sales_ttm_ya")),
    norm="cs",
    clip=0.01,
    req="N-SALESG",
    kind="growth",
    doc="Sales of twelve months against the twelve months before.",
    purpose="A business that grows.",
)
stock_factors.add(
    "sales_growth_forecast",
    lambda: growth(forecast("sales"), actual("sales_year")),
    norm="cs",
    clip=0.01,
    req="N-FSALESG",
    kind="growth",
    doc="The company's sales forecast for the running year against the last full year.",
    purpose="Growth the company itself expects.",
)
stock_factors.add(
    "odp_growth",
    lambda: growth(actual("odp_ttm"), actual("odp_ttm_ya")),
    norm="cs",
    clip=0.01,
    req="N-ODPG",
    kind="growth",
    doc="Ordinary profit of twelve months against the twelve months before, over its absolute value.",
    purpose="Profit growth before tax and one-off items.",
)
stock_factors.add(
    "odp_growth_forecast",
    lambda: growth(forecast("odp"), actual("odp_year")),
    norm="cs",
    clip=0.01,
    req="N-FODPG",
    kind="growth",
    doc="The company's ordinary profit forecast for the running year against the last full year.",
    purpose="Profit growth the company itself expects.",
)
stock_factors.add(
    "np_growth",
    lambda: growth(actual("np_ttm"), actual("np_ttm_ya")),
    norm="cs",
    clip=0.01,
    req="N-NPG",
    kind="growth",
    doc="Net profit of twelve months against the twelve months before, over its absolute value.",
    purpose="Growth of what is left for the owners.",
)
stock_factors.add(
    "np_growth_forecast",
    lambda: growth(forecast("np"), actual("np_year")),
    norm="cs",
    clip=0.01,
    req="N-FNPG",
    kind="growth",
    doc="The company's net profit forecast for the running year against the last full year.",
    purpose="Growth of the owners' profit that the company itself expects.",
)
stock_factors.add(
    "odp_revision_20",
    lambda: _revision("odp"),
    norm="cs",
    clip=0.01,
    req="N-FODPREV",
    kind="revision",
    doc=(
        "Change of the company's ordinary profit forecast in 20 sessions over its absolute value; 0 where "
        "the forecast of a new year has replaced that of the old one."
    ),
    purpose="The news in a forecast; prices follow it slowly.",
)
stock_factors.add(
    "roe_forecast",
    lambda: forecast("np") / positive(actual("equity")),
    norm="cs",
    clip=0.01,
    req="N-FROE",
    kind="quality",
    doc="Forecast net profit to shareholders' equity.",
    purpose="Quality: what the company expects to earn on the owners' money.",
)

# -- valuation ---------------------------------------------------------------------------------

stock_factors.add(
    "dividend_yield_actual",
    lambda: actual("dividend") / price(),
    norm="cs",
    req="N-DIVY, C-DIVY",
    kind="value",
    doc="Dividend per share of the last full year to price.",
    purpose="What holding the share has paid.",
)
stock_factors.add(
    "dividend_yield_forecast",
    lambda: forecast("dividend") / price(),
    norm="cs",
    req="N-FDIVY, C-FDIVY",
    kind="value",
    doc="The company's dividend forecast for the running year to price.",
    purpose="What holding the share is going to pay.",
)
stock_factors.add(
    "book_to_price",
    lambda: actual("equity") / market_value(),
    norm="cs",
    clip=0.01,
    req="N-BP",
    kind="value",
    doc="Shareholders' equity to market value.",
    purpose="Value: book money that the market sells at a discount.",
    reference="Fama & French 1992, J. Finance 47(2)",
)
stock_factors.add(
    "earnings_yield",
    earnings_yield,
    norm="cs",
    clip=0.01,
    req="N-EP",
    kind="value",
    doc="Net profit of twelve months to market value.",
    purpose="Value: profit per yen of price, usable for losses as well.",
    reference="Basu 1977, J. Finance 32(3)",
)
stock_factors.add(
    "earnings_yield_forecast",
    forecast_yield,
    norm="cs",
    clip=0.01,
    req="N-FEP",
    kind="value",
    doc="The company's forecast of earnings per share to price.",
    purpose="Value on the profit that is expected.",
)
stock_factors.add(
    "earnings_yield_forecast_change_20",
    lambda: forecast_yield() - lag(forecast_yield(), MONTH),
    norm="cs",
    clip=0.01,
    req="N-DFEP",
    kind="value",
    doc="Change of the forecast earnings yield in 20 sessions.",
    purpose="Cheaper or dearer within a month, by price or by forecast.",
)
stock_factors.add(
    "earnings_yield_z_{w}",
    lambda w: ts_zscore(earnings_yield(), w, two_thirds(w)),
    w=(720, 1200),
    norm="cs",
    req="N-TSEP",
    kind="value",
    doc="Earnings yield against its own mean of w sessions (36 or 60 months), in their standard deviations.",
    purpose="Cheap or dear by the stock's own history.",
)
stock_factors.add(
    "cash_flow_yield_forecast",
    lambda: (forecast("np") + accruals()) / market_value(),
    norm="cs",
    clip=0.01,
    req="N-FCFP",
    kind="value",
    doc=(
        "Forecast net profit plus last year's operating cash flow less net profit, to market value: the "
        "latter stand for depreciation, which summaries do not have."
    ),
    purpose="Value on cash, which accounting choices move less.",
)
stock_factors.add(
    "sales_yield_forecast",
    lambda: forecast("sales") / market_value(),
    norm="log",
    req="N-FSP",
    kind="value",
    doc="The company's sales forecast for the running year to market value.",
    purpose="Value where profits are thin or negative.",
)
stock_factors.add(
    "ebitda_to_ev_forecast",
    lambda: (forecast("op") + accruals()) / positive(market_value() + _net_debt()),
    norm="cs",
    clip=0.01,
    req="N-FEBITDAEV",
    kind="value",
    doc=(
        "Forecast operating profit plus last year's operating cash flow less net profit, to market value "
        "plus all liabilities less cash: summaries have neither depreciation nor interest-bearing debt."
    ),
    purpose="Value of the business whatever its financing.",
)

# -- size and trading --------------------------------------------------------------------------

stock_factors.add(
    "log_market_value",
    lambda: log(market_value()),
    norm="cs",
    req="N-MCAP",
    kind="size",
    doc="Logarithm of the market value.",
    purpose="Size; small and large firms behave differently.",
    reference="Banz 1981, J. Financial Economics 9(1)",
)
stock_factors.add(
    "log_equity",
    lambda: log(actual("equity")),
    norm="cs",
    req="N-EQ",
    kind="size",
    doc="Logarithm of shareholders' equity (net assets where the summary has no other).",
    purpose="Size by the books.",
)
stock_factors.add(
    "log_sales",
    lambda: log(actual("sales_ttm")),
    norm="cs",
    req="N-SALES",
    kind="size",
    doc="Logarithm of the sales of twelve months.",
    purpose="Size by the business.",
)
stock_factors.add(
    "share_turnover_20",
    lambda: MONTH * ts_mean(volume, MONTH, two_thirds(MONTH)) / actual("shares"),
    norm="log",
    req="N-TURN",
    kind="liquidity",
    doc="Shares traded in 20 sessions to shares outstanding.",
    purpose="How fast the stock changes hands.",
)

# -- returns and risk --------------------------------------------------------------------------

stock_factors.add(
    "ret_{k}",
    lambda k: price() / lag(price(), k) - 1,
    k=(240, 720),
    norm="cs",
    req="N-RET12M, N-RET36M",
    kind="momentum",
    doc="Price return over k sessions (12 or 36 months), the last month included.",
    purpose="A year tends to continue, three years tend to reverse.",
    reference="De Bondt & Thaler 1985, J. Finance 40(3)",
)
stock_factors.add(
    "beta_topix_{w}",
    _beta,
    w=(240, 720, 1200),
    norm="cs",
    req="N-BETA",
    kind="risk",
    doc="Slope of daily returns on those of TOPIX over w sessions (12, 36 or 60 months).",
    purpose="How much of the market's moves the stock takes.",
    reference="Sharpe 1964, J. Finance 19(3)",
)
stock_factors.add(
    "default_risk",
    _default_risk,
    norm="cs",
    req="N-DEFAULT",
    kind="risk",
    doc=(
        "Minus the naive distance to default within a year, all liabilities taken as debt; its normal "
        "probability is that of default."
    ),
    purpose="Distress: how near the market value of the assets is to the debt.",
    reference="Merton 1974, J. Finance 29(2); Bharath & Shumway 2008, Rev. Financial Studies 21(3)",
)

# -- profitability and balance sheet -----------------------------------------------------------

stock_factors.add(
    "op_margin",
    lambda: actual("op_ttm") / positive(actual("sales_ttm")),
    norm="cs",
    clip=0.01,
    req="N-OPM",
    kind="quality",
    doc="Operating profit to sales, of twelve months.",
    purpose="What is left of a yen of sales.",
)
stock_factors.add(
    "equity_ratio",
    lambda: actual("equity_ratio"),
    norm="cs",
    req="N-EQR",
    kind="quality",
    doc="Equity to total assets, as reported.",
    purpose="Safety of the balance sheet.",
)
stock_factors.add(
    "debt_to_equity",
    lambda: liabilities() / positive(actual("net_assets")),
    norm="log",
    req="N-DE",
    kind="quality",
    doc="Liabilities to net assets; missing where net assets are not above 0.",
    purpose="Leverage by the books.",
)
stock_factors.add(
    "net_debt_to_market",
    lambda: _net_debt() / market_value(),
    norm="cs",
    clip=0.01,
    req="N-NETDEBT",
    kind="quality",
    doc="Liabilities less cash to market value: summaries do not have interest-bearing debt.",
    purpose="Leverage at the market's price; below 0 the firm has more cash than it owes.",
)
stock_factors.add(
    "net_debt_to_equity",
    lambda: _net_debt() / positive(actual("net_assets")),
    norm="cs",
    clip=0.01,
    req="N-NETDEBT",
    kind="quality",
    doc="Liabilities less cash to net assets: the other reading of the net debt ratio.",
    purpose="Leverage by the books, cash taken off.",
)
