"""Every column a panel from a store can have: name, axis, unit, where it comes from, what it means.

The publication rule of a column is the one of its table in :data:`jqfast.data.pit.RULES`. Prices and
per-share items (unit ``price``) and share counts (``shares``) are on the forward basis of decision 3;
``degree`` is the exponent of a split factor in them. Indices of the exchange, ``index_CODE`` with the codes
of the API, are not listed one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from jqfast.data import pit

Axis = Literal["stock", "market"]

#: Stands for a table for series that users bring along, see `jqfast.data.stored.outside`.
EXTERNAL = "external"

_DEGREE = {"price": 1.0, "shares": -1.0, "split": -1.0}


@dataclass(frozen=True)
class ColumnInfo:
    """One column: unit ``price`` is yen per share, ``none`` a plain number or an amount of something else."""

    name: str
    axis: Axis
    unit: str
    table: str
    fields: str
    meaning: str

    @property
    def rule(self) -> str:
        """When a value becomes known, in words."""
        if self.table == EXTERNAL:
            return "from the first decision after its own time stamp"
        if self.name.startswith("margin_") and "daily" not in self.name:
            return pit.sentence(pit.WEEKLY_MARGIN)
        return pit.sentence(self.table)

    @property
    def degree(self) -> float:
        """How the value grows with the factor of a later split if it were re-based: 0 for most."""
        return _DEGREE.get(self.unit, 0.0)


#: name (with alternatives in braces) | axis | unit | table | fields | meaning
_TEXT = """
{open,high,low,close} | stock | price | equities_bars_daily | O H L C AdjFactor | price of the session
volume | stock | shares | equities_bars_daily | Vo AdjFactor | shares traded
turnover | stock | yen | equities_bars_daily | Va | yen traded; price times volume where absent
adjustment | stock | split | equities_bars_daily | AdjFactor | A(t), product of the factors so far
raw_close | stock | raw_price | equities_bars_daily | C | close as traded
limit | stock | none | equities_bars_daily | UL LL | 1 touched the upper limit, -1 the lower one, else 0
{morning,afternoon}_{open,high,low,close} | stock | price | equities_bars_daily | MO ... AC | half session
{morning,afternoon}_volume | stock | shares | equities_bars_daily | MVo AVo | half session
{morning,afternoon}_turnover | stock | yen | equities_bars_daily | MVa AVa | half session
listing_age | stock | none | equities_bars_daily | Date | sessions since its first bar, absent at the store's start
segment_age | stock | none | equities_master | Mkt | sessions since it changed its segment, the reform's map applied
market_total | market | yen | equities_bars_daily | MktCap, else C ShOutFY TrShFY | value of all members of the panel together
news_score | stock | none | td_list | Title | titles of good less those of bad news that became known for this session
split_announced | stock | none | td_list | Title | 1 where a split became known for this session, else 0
market_cap | stock | yen | equities_bars_daily | MktCap | market value (the API gives million yen)
market_value | stock | yen | equities_bars_daily | MktCap, else C ShOutFY TrShFY | market value, else close times shares
val_{eps,forward_eps,bps} | stock | price | equities_valuation | EPS FwdEPS BPS | of twelve months, forecast, book
val_{roe,forward_roe,per,forward_per,pbr} | stock | none | equities_valuation | ROE ... PBR | ratios of the day
deal_{long_sell,short_sell,margin_short_new,margin_long_closed,long_buy,margin_long_new,margin_short_closed} | stock | yen | markets_breakdown | ...Va | trading value by kind of order
deal_{long_sell,short_sell,margin_short_new,margin_long_closed,long_buy,margin_long_new,margin_short_closed}_volume | stock | shares | markets_breakdown | ...Vo | the same in shares
fs_{sales,op,odp,np} | stock | yen | fins_summary | Sales OP OdP NP | cumulative in the fiscal year, newest period
fs_{sales,op,odp,np}_q | stock | yen | fins_summary | Sales OP OdP NP | of the single quarter
fs_{sales,op,odp,np}_q_ya | stock | yen | fins_summary | Sales OP OdP NP | of the same quarter a year ago
fs_{sales,op,odp,np}_ttm | stock | yen | fins_summary | Sales OP OdP NP | of twelve months
fs_{sales,op,odp,np}_ttm_ya | stock | yen | fins_summary | Sales OP OdP NP | of the twelve months to a year before
fs_{sales,op,odp,np,cfo}_year | stock | yen | fins_summary | Sales OP OdP NP CFO | of the last full fiscal year
fs_year_end | stock | none | fins_summary | CurFYEn | end of the last full fiscal year, days since 1970
fs_{sales,op,odp,np}_guided | stock | yen | fins_summary | F* NxF* | forecast of that fiscal year before the report
fs_eps_guided | stock | price | fins_summary | FEPS NxFEPS | the same of earnings per share
fs_eps | stock | price | fins_summary | EPS | earnings per share, cumulative
fs_quarter | stock | none | fins_summary | CurPerType | 1 to 3, 4 at the end of the year
fs_period | stock | none | fins_summary | CurPerEn | end of that period (its disclosure where unknown), days since 1970
fs_age | stock | none | fins_summary | DiscDate | sessions since the newest result became known
fs_since | stock | none | fins_summary | DiscDate | sessions since the day of the newest period's first result
earnings_expected_in | stock | none | fins_summary | DiscDate | sessions to 364 days after last year's same report
fs_{subsidiaries_changed,standards_revised,policies_changed,estimates_changed,restated} | stock | none | fins_summary | MatChgSub ChgByASRev ChgNoASRev ChgAcEst RetroRst | 1 where the newest result says so
fs_{assets,net_assets,cash} | stock | yen | fins_summary | TA Eq CashEq | end of the period, last known
fs_equity | stock | yen | fins_summary | ShEq Eq | shareholders' equity, net assets where absent
fs_equity_ratio | stock | none | fins_summary | EqAR | equity to assets
fs_{cfo,cfi,cff} | stock | yen | fins_summary | CFO CFI CFF | cash flows, cumulative, last known
fs_bps | stock | price | fins_summary | BPS | book value per share, last known
fs_dividend | stock | price | fins_summary | DivAnn CurPerEn | dividend of the last full year, per share of its end
fs_{shares_issued,shares,shares_average} | stock | shares | fins_summary | ShOutFY TrShFY AvgSh | issued, less treasury, average
fd_debt | stock | yen | fins_details | FS | interest-bearing debt, found by the labels of the documents, last known
fd_depreciation_year | stock | yen | fins_details | FS | depreciation of the last full year, found by its label
fc_{sales,op,odp,np} | stock | yen | fins_summary | F* NxF* | company forecast, newest fiscal year it has one for
fc_{eps,dividend} | stock | price | fins_summary | FEPS NxFEPS FDivAnn NxFDivAnn FNP ShOutFY AvgSh | the same per share; a split that they have in them already is taken out
fc_{sales,op,odp,np}_before | stock | yen | fins_summary | F* NxF* | of the same year, in force before the last filing
fc_{eps,dividend}_before | stock | price | fins_summary | FEPS NxFEPS FDivAnn NxFDivAnn | the same per share
fc_target | stock | none | fins_summary | CurFYEn NxtFYEn | end of the forecast's year, days since 1970
fc_age | stock | none | fins_summary | DiscDate | sessions since the last filing with a forecast became known
dividend_{in,ago} | stock | none | fins_dividend | ExDate StatCode | sessions to the next, since the last ex-day known
dividend_{next,last}_amount | stock | price | fins_dividend | DivRate | dividend of that ex-day
earnings_{in,ago} | stock | none | fins_earnings_date | SchDate | sessions to the next, since the last scheduled day
margin_{long,short} | stock | shares | markets_margin_interest | LongVol ShrtVol | balance of the week
margin_{long,short}_{negotiable,standard} | stock | shares | markets_margin_interest | LongNegVol ... | its parts
margin_date | stock | none | markets_margin_interest | Date | day of the weekly balance, days since 1970
margin_age | stock | none | markets_margin_interest | Date | sessions since the day of the weekly balance
margin_daily_{long,short} | stock | shares | markets_margin_interest | LongVol ShrtVol PubDate | by day, from 2026-09
alert_{long,short} | stock | shares | markets_margin_alert | LongOut ShrtOut | designated issues only
short_position | stock | none | markets_short_sale_report | ShrtPosToSO | reported positions to shares issued, 0 where nobody reported
short_position_age | stock | none | markets_short_sale_report | DiscDate | sessions since the last report
short_ratio_sector | stock | none | markets_short_ratio | S33 ... | short selling to all selling, own sector
short_ratio | market | none | markets_short_ratio | S33 ... | the same of the 33 sectors together
topix_{open,high,low,close} | market | none | indices_bars_daily_topix | O H L C | TOPIX
fut_{topix,nk225,nkvi}_{open,close,settle,night_close} | market | none | derivatives_bars_daily_futures | O C Settle EC | central contract
fut_{topix,nk225,nkvi}_{volume,interest} | market | none | derivatives_bars_daily_futures | Vo OI | all contract months
fut_{topix,nk225,nkvi}_return | market | none | derivatives_bars_daily_futures | Settle | of the central contract over its own price
fut_{topix,nk225,nkvi}_days | market | none | derivatives_bars_daily_futures | SQD | calendar days to its special quotation
fut_{topix,nk225}_spot | market | none | derivatives_bars_daily_futures | C UnderPx | the index at the close of the same session
opt_{underlying,base_vol} | market | none | derivatives_bars_daily_options_225 | UnderPx BaseVol | Nikkei 225, base volatility
opt_rate | market | none | derivatives_bars_daily_options_225 | IR | interest rate of the theoretical prices, percent a year
opt_iv | market | none | derivatives_bars_daily_options_225 | IV Strike SQD | at the money, 30 days, percent a year
opt_iv_black | market | none | derivatives_bars_daily_options_225 | Settle Strike SQD IR | the same from settlement prices, Black 1976
opt_{put,call}_{volume,interest} | market | none | derivatives_bars_daily_options_225 | Vo OI PCDiv | sums over contracts
{flow,flow_prime}_{prop,broker,all,individual,foreign,securities,trust_fund,business,other_company,insurance,bank,trust_bank,other_financial}_{buy,sell} | market | yen | equities_investor_types | ...Buy ...Sell | week, Tokyo and Nagoya or Prime
{flow,flow_prime}_week | market | none | equities_investor_types | EnDate | last day of the week, days since 1970
{flow,flow_prime}_age | market | none | equities_investor_types | PubDate | sessions since the week became known
{spx,nasdaq,dji,dax,ftse,ssec,vix,nikkei_vi} | market | none | external | value | close of an index abroad; the Nikkei VI
{usdjpy,eurjpy,cnyjpy,neer} | market | none | external | value | yen per unit of a currency; effective rate of the yen
{jgb2,jgb5,jgb10,jgb20,jgb30,ust2,ust5,ust10,ust30,bund10,gilt10} | market | none | external | value | yield of government bonds, percent
{wti,gold,copper,crb,gasoline} | market | none | external | value | price of a commodity, index of commodities
fed_funds | market | none | external | value | rate of the Fed funds futures, percent
spx_overnight | market | none | external | value | change of the S&P 500 futures from 15:00 to 06:00 in Tokyo
topix_total_return | market | none | external | value | level of TOPIX with dividends reinvested
topix_yield | market | none | external | value | dividend yield of TOPIX, percent a year
gdp | market | yen | external | value | gross domestic product of a year
consensus_eps | stock | raw_price | external | value | analysts' earnings per share, of the next report as it will say
consensus_op | stock | yen | external | value | analysts' operating profit, of the next report as it will say
free_float | stock | raw_shares | external | value | shares that are not held for good
boj_etf | market | yen | external | value | ETFs bought by the Bank of Japan on a session, 0 on others
{added_to_index,deleted_from_index} | stock | none | external | value | 1 from the announcement of a change of an index to its day, else 0
"""  # noqa: E501 - a table
_CATEGORIES = {
    "sector33": "S33",
    "sector17": "S17",
    "market": "Mkt",
    "scale": "ScaleCat",
    "margin_class": "Mrgn",
}


def _names(pattern: str) -> list[str]:
    """All names of a pattern with alternatives in braces."""
    head, brace, rest = pattern.partition("{")
    if not brace:
        return [head]
    choices, _, tail = rest.partition("}")
    return [head + choice + end for choice in choices.split(",") for end in _names(tail)]


def _parsed() -> dict[str, ColumnInfo]:
    out: dict[str, ColumnInfo] = {}
    for line in _TEXT.strip().splitlines():
        pattern, axis, unit, table, fields, meaning = (cell.strip() for cell in line.split(" | "))
        for name in _names(pattern):
            out[name] = ColumnInfo(
                name, "market" if axis == "market" else "stock", unit, table, fields, meaning
            )
    for name, field in _CATEGORIES.items():
        out[name] = ColumnInfo(name, "stock", "category", "equities_master", field, "category of the day")
    return out


#: Name -> what is known of the column.
COLUMNS: Mapping[str, ColumnInfo] = MappingProxyType(_parsed())


def info(name: str) -> ColumnInfo | None:
    """What is known of a column; None for a name that no store gives."""
    if name.startswith("index_"):
        return ColumnInfo(name, "market", "none", "indices_bars_daily", "C", "close of the index")
    return COLUMNS.get(name)
