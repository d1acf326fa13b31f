"""The market as a whole: indices, futures, options and regimes (requirements section 7, the M- ids).

Futures and options come in the night after their session and act on the next one (class N27); the basis is
between prices of one session, whatever the row. Annual volatilities are in percent, as the exchange quotes
them. A month is 20 sessions, a year 252 (Q-25).
"""

from __future__ import annotations

from math import sqrt

from jqfast.features.catalog.pieces import PERIODS_PER_YEAR, mean, ret, std
from jqfast.features.columns import column
from jqfast.features.declare import Family, two_thirds
from jqfast.features.expr import Expr
from jqfast.features.ops import (
    abs_,
    exp,
    lag,
    log,
    ratio,
    ts_beta,
    ts_corr,
    ts_max,
    ts_product,
    ts_quantile,
    where,
)

market = Family("market")

MONTH, YEAR = 20, PERIODS_PER_YEAR
TOPIX, NIKKEI, SPX = column("topix_close"), column("opt_underlying"), column("spx")


def _returned(x: Expr, k: int) -> Expr:
    return x / lag(x, k) - 1


def _volatility(x: Expr) -> Expr:
    """Annual volatility of 20 daily log returns, percent."""
    return 100.0 * sqrt(PERIODS_PER_YEAR) * std(log(x / lag(x, 1)), MONTH)


# -- indices -----------------------------------------------------------------------------------

market.add(
    "topix_ret_{k}",
    lambda k: _returned(TOPIX, k),
    k=(1, 5, 10, 20),
    norm="ts",
    req="M-IDXRET, T-XMKT",
    kind="market",
    doc="Return of TOPIX over k sessions.",
    purpose="The tide that lifts or lowers all boats.",
)
market.add(
    "nikkei_ret_{k}",
    lambda k: _returned(NIKKEI, k),
    k=(1, 5, 10, 20),
    norm="ts",
    req="M-IDXRET",
    kind="market",
    doc="Return of the Nikkei 225 over k sessions, from the underlying of its options.",
    purpose="The index that futures trade on; a session later than TOPIX, as its source is.",
)
market.add(
    "topix_gap",
    lambda: column("topix_open") / lag(TOPIX, 1) - 1,
    norm="ts",
    req="M-IDXGAP",
    kind="market",
    doc="Opening of TOPIX against its close of the session before.",
    purpose="News from abroad during the night.",
)

# -- futures -----------------------------------------------------------------------------------


def _basis(name: str) -> Expr:
    """Central contract over the index of the same session, percent."""
    spot = column(f"fut_{name}_spot")
    return 100.0 * (column(f"fut_{name}_settle") - spot) / spot


def _above_fair(name: str, carry: Expr) -> Expr:
    """The contract over the index carried to its last day, percent; ``carry`` is in percent a year."""
    spot, years = column(f"fut_{name}_spot"), column(f"fut_{name}_days") / 365.0
    return 100.0 * (column(f"fut_{name}_settle") - spot * exp(carry / 100.0 * years)) / spot


def _basis_dev(name: str) -> Expr:
    return _basis(name) - mean(_basis(name), MONTH)


def _move(k: int) -> Expr:
    """Return of the TOPIX future over k sessions, each of the contract that was central."""
    return ts_product(1.0 + column("fut_topix_return"), k, two_thirds(k)) - 1.0


def _interest(k: int) -> Expr:
    """Change of the open interest of all contract months over k sessions."""
    return _returned(column("fut_topix_interest"), k)


for _name, _words in (("topix", "TOPIX"), ("nk225", "Nikkei 225")):
    market.add(
        f"basis_{_name}",
        lambda name=_name: _basis(name),
        norm="ts",
        req="M-BASIS",
        kind="market",
        doc=f"Central {_words} futures contract over its index at the close, percent.",
        purpose="Demand for the future: a premium is bullish or a chance for arbitrage.",
    )
    market.add(
        f"basis_dev_{_name}",
        lambda name=_name: _basis_dev(name),
        norm="ts",
        req="M-BASISDEV",
        kind="market",
        doc=f"`basis_{_name}` less its mean of 20 sessions, percentage points.",
        purpose="A premium that opened or closed.",
    )
market.add(
    "basis_rate_topix",
    lambda: _above_fair("topix", column("opt_rate")),
    norm="ts",
    req="M-BASISFV",
    kind="market",
    doc="TOPIX future over the index carried at the interest rate to the contract's last day, percent.",
    purpose="The basis without interest; dividends are still in it.",
)
market.add(
    "basis_fair_topix",
    lambda: _above_fair("topix", column("opt_rate") - column("topix_yield")),
    norm="ts",
    req="M-BASISFV",
    kind="market",
    doc="TOPIX future over the index carried at the interest rate less the dividend yield, percent.",
    purpose="The basis that no cost of carry explains; needs a table of yields from the user.",
    reference="Hull, Options, Futures, and Other Derivatives, chapter 5",
)
market.add(
    "fut_volume_surge",
    lambda: column("fut_topix_volume") / mean(column("fut_topix_volume"), MONTH),
    norm="ts",
    req="M-FUTVOL",
    kind="market",
    doc="Volume of TOPIX futures over its mean of 20 sessions.",
    purpose="Speculators come in at turning points.",
)
market.add(
    "fut_interest_20",
    lambda: _interest(MONTH),
    norm="ts",
    req="M-OI20",
    kind="market",
    doc="Change of the open interest of TOPIX futures over 20 sessions, all contract months.",
    purpose="Positions built up or closed.",
)
market.add(
    "fut_interest_corr_20",
    lambda: ts_corr(
        column("fut_topix_return"), ratio(column("fut_topix_interest"), 1) - 1, MONTH, two_thirds(MONTH)
    ),
    norm="ts",
    req="M-OICORR",
    kind="market",
    doc="Correlation of the return of TOPIX futures and the change of their open interest, 20 sessions.",
    purpose="Positive: new money drives the moves; negative: closing of positions does.",
)
for _up, _in, _words in (
    (True, True, "new money buys"),
    (True, False, "short positions are bought back"),
    (False, True, "new money sells"),
    (False, False, "long positions are given up"),
):
    market.add(
        f"fut_{'up' if _up else 'down'}_interest_{'up' if _in else 'down'}",
        lambda up=_up, more=_in: (
            (_move(10) > 0 if up else _move(10) < 0) & (_interest(10) > 0 if more else _interest(10) < 0)
        ),
        norm="flag",
        req="M-OIAGREE",
        kind="market",
        doc=(
            f"1 where TOPIX futures {'rose' if _up else 'fell'} over 10 sessions and their open interest "
            f"{'rose' if _in else 'fell'}."
        ),
        purpose=f"Says that {_words}.",
    )

# -- volatility from options -------------------------------------------------------------------

_VOLATILITIES = {
    "spot": ("nikkei_vi", "the Nikkei volatility index, a table of the user's", "M-VI"),
    "fut": ("fut_nkvi_settle", "the futures on the Nikkei volatility index", "M-VI"),
    "atm": ("opt_iv", "options on the Nikkei at the money, 30 days", "M-VI, M-IVATM"),
    "black": ("opt_iv_black", "settlement prices of these options by Black's formula (1976)", "M-IVATM"),
}
for _name, (_column, _words, _req) in _VOLATILITIES.items():
    market.add(
        f"vi_{_name}",
        lambda name=_column: column(name),
        norm="ts",
        req=f"{_req}, M-IVSKIP",
        kind="market",
        unit="percent a year",
        doc=f"Expected volatility from {_words}.",
        purpose="Fear of the weeks ahead; it jumps when prices fall.",
    )
    market.add(
        f"vi_dev_{_name}",
        lambda name=_column: column(name) - mean(column(name), MONTH),
        norm="ts",
        req="M-VIDEV, M-IVSKIP",
        kind="market",
        unit="percentage points a year",
        doc=f"`vi_{_name}` less its mean of 20 sessions.",
        purpose="Fear that rises or calms down.",
    )
for _name in ("spot", "atm"):
    market.add(
        f"vol_premium_{_name}",
        lambda name=_VOLATILITIES[_name][0]: column(name) - _volatility(NIKKEI),
        norm="ts",
        req="M-VRP, M-IVSKIP",
        kind="market",
        unit="percentage points a year",
        doc=f"`vi_{_name}` less the volatility of the Nikkei's last 20 sessions.",
        purpose="The price of insurance: what is feared beyond what has happened.",
    )

# -- regimes -----------------------------------------------------------------------------------


def _trend() -> Expr:
    """TOPIX against its mean of 200 sessions."""
    return TOPIX / mean(TOPIX, 200) - 1


def _bull() -> Expr:
    return (_trend() >= 0.05) & (_volatility(TOPIX) < 20)


def _bear() -> Expr:
    return (_trend() <= -0.05) & (_volatility(TOPIX) >= 30)


def _quantile(q: float) -> Expr:
    """Of the volatilities of the past year."""
    return ts_quantile(_volatility(TOPIX), YEAR, q, two_thirds(YEAR))


def _range() -> Expr:
    return (_volatility(TOPIX) <= _quantile(0.2)) & (abs_(_returned(TOPIX, MONTH)) <= 0.01)


def _high() -> Expr:
    return _volatility(TOPIX) >= _quantile(0.95)


def _surge() -> Expr:
    """Implied volatility more than two deviations above its month."""
    iv = column("opt_iv")
    return iv > mean(iv, MONTH) + 2.0 * std(iv, MONTH)


def _bear_alone() -> Expr:
    return _bear() & ~_high()


def _bull_alone() -> Expr:
    return _bull() & ~_high()


def _range_alone() -> Expr:
    return _range() & ~_high() & ~_bear() & ~_bull()


_REGIMES = {
    "bull": (_bull, "TOPIX is 5 % above its 200-session mean with volatility below 20 %", "M-REGBULL"),
    "bear": (_bear, "TOPIX is 5 % below its 200-session mean with volatility of 30 % or more", "M-REGBEAR"),
    "range": (
        _range,
        "TOPIX is within 1 % of a month ago, volatility in the lowest fifth of a year",
        "M-REGRANGE",
    ),
    "high": (_high, "the volatility of TOPIX is in the highest twentieth of a year", "M-REGHIGH"),
}
for _name, (_build, _words, _req) in _REGIMES.items():
    market.add(
        f"regime_{_name}",
        _build,
        norm="flag",
        req=f"{_req}, M-REGCTX",
        kind="regime",
        doc=f"1 while {_words}; regimes may overlap.",
        purpose="Effects of other features differ between regimes; the model learns the interaction.",
    )
market.add(
    "regime_high_vi",
    lambda: _high() | _surge(),
    norm="flag",
    req="M-REGHIGH, M-IVSKIP",
    kind="regime",
    doc="`regime_high`, or implied volatility two deviations above its mean of 20 sessions.",
    purpose="A shock that options know of before it shows in past prices.",
)
_ONE_OF = {
    "bear": (_bear_alone, "bear and not high"),
    "bull": (_bull_alone, "bull and not high"),
    "range": (_range_alone, "range and none of high, bear, bull"),
    "neutral": (lambda: ~(_high() | _bear() | _bull() | _range()), "none of the four"),
}
for _name, (_build, _words) in _ONE_OF.items():
    market.add(
        f"regime_one_{_name}",
        _build,
        norm="flag",
        req="M-REGHOT",
        kind="regime",
        doc=f"1 where the regime is {_words}; with `regime_high` one of five holds on every day.",
        purpose="The state of the market as one of five, in the order high, bear, bull, range, neutral.",
    )
market.add(
    "regime_bull_agreed",
    lambda: _bull() & (_basis_dev("topix") > 0) & (_move(10) > 0) & (_interest(10) > 0),
    norm="flag",
    req="M-REGAGREE",
    kind="regime",
    doc="1 where a bull market is shared by the futures: basis above its month, price and open interest up.",
    purpose="A regime on which index, basis and positions agree.",
)
market.add(
    "regime_bear_agreed",
    lambda: _bear() & (_basis_dev("topix") < 0) & (column("opt_iv") > mean(column("opt_iv"), MONTH)),
    norm="flag",
    req="M-REGAGREE",
    kind="regime",
    doc="1 where a bear market is shared by futures and options: basis below, fear above its month.",
    purpose="A regime on which index, basis and options agree.",
)

# -- other markets, and the stock in a falling one ---------------------------------------------

market.add(
    "us_correction",
    lambda: 0.9 * ts_max(SPX, YEAR, two_thirds(YEAR)) >= SPX,
    norm="flag",
    req="M-USREG",
    kind="regime",
    doc="1 while the S&P 500 is 10 % or more below its highest close of a year.",
    purpose="Weakness that spreads to Tokyo.",
)
market.add(
    "us_corr_60",
    lambda: ts_corr(_returned(TOPIX, 1), _returned(SPX, 1), 60, two_thirds(60)),
    norm="ts",
    req="M-USCORR",
    kind="market",
    doc="Correlation of TOPIX with the session of the S&P 500 that ended before it, 60 sessions.",
    purpose="How much of Tokyo is made in New York.",
)


def _beta_where(quantile: float) -> Expr:
    """Slope on TOPIX over the sessions of a year on which it was below a quantile of that year."""
    moved = _returned(TOPIX, 1)
    low = moved <= ts_quantile(moved, YEAR, quantile, two_thirds(YEAR))
    return ts_beta(where(low, ret(1), float("nan")), moved, YEAR, int(0.6 * quantile * YEAR))


market.add(
    "down_beta_252",
    lambda: _beta_where(0.5),
    norm="cs",
    req="M-REGCTX, X-SENS",
    kind="market",
    doc="Slope of the stock's return on that of TOPIX over the worse half of the year's sessions.",
    purpose="What the stock does in a falling market.",
    reference="Ang, Chen & Xing 2006, Review of Financial Studies 19(4)",
)
market.add(
    "crash_beta_252",
    lambda: _beta_where(0.1),
    norm="cs",
    req="M-REGCTX, X-SENS",
    kind="market",
    doc="Slope of the stock's return on that of TOPIX over the worst tenth of the year's sessions.",
    purpose="Which stocks a crash takes along (the reading of the report's section 4.3).",
)
