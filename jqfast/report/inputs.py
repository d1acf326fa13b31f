"""What a report is made of: plain numbers that the pipeline has already computed.

The report groups, labels and draws; it computes no statistics. Every part that a run could not produce is
``None`` or empty and its section says so. Numbers are fractions (0.01 is 1 %) and sessions unless a field
says otherwise; NaN means "not computable" and is printed as a dash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal

import numpy as np

from jqfast.explain.shape import Shape
from jqfast.types import AnyArray, BoolArray, CodeArray, DateArray, FloatArray

if TYPE_CHECKING:
    from jqfast.evaluate.costs import CostConfig
    from jqfast.report.evaluation_inputs import EvaluationFacts
    from jqfast.report.monitor_inputs import MonitorFacts
    from jqfast.report.trust_inputs import TrustFacts

Language = Literal["en", "ja"]
Unit = Literal["session", "month"]
Side = Literal["long", "short"]
Leg = Literal["long", "short", "long_short", "benchmark"]
Basis = Literal["gross", "net"]

NAN = float("nan")


@dataclass(frozen=True)
class Interval:
    """A 95 % interval, for instance of a block bootstrap; ``method`` is printed beside it."""

    low: float = NAN
    high: float = NAN
    method: str = ""


@dataclass(frozen=True)
class FeatureRow:
    """One line of the feature table, straight from the registry; ``axis`` is ``"stock"`` or ``"market"``."""

    name: str
    formula: str = ""
    doc: str = ""
    kind: str = ""
    lookback: int = 0
    timing: str = ""
    norm: str = ""
    req: str = ""
    axis: str = "stock"


@dataclass(frozen=True, eq=False)
class Coverage:
    """How many stocks there are on each date: ``dates`` (T,), counts (T,) ints or floats."""

    dates: DateArray
    listed: AnyArray
    traded: AnyArray
    scored: AnyArray

    def __post_init__(self) -> None:
        _same_length(
            "Coverage", "dates", self.dates, listed=self.listed, traded=self.traded, scored=self.scored
        )


@dataclass(frozen=True, eq=False)
class DataFacts:
    """Where the data come from and how good they are.

    ``quality`` is the dict of ``jqfast.data.quality.summarise``: printed as name and value, known names
    translated. ``universe_notes`` are sentences (``PanelInfo.notes`` among them). ``survivors_only``
    raises a red box, ``simulated`` a neutral one. ``synthetic`` columns or approximations belong into the
    notes.
    """

    source: str
    quality: Mapping[str, object] = field(default_factory=dict)
    universe_notes: Sequence[str] = ()
    survivors_only: bool = False
    simulated: bool = False
    decision: str = "close"
    returns: Literal["price", "total"] = "price"
    coverage: Coverage | None = None


@dataclass(frozen=True)
class FoldSpan:
    """When a model was trained and what it forecast: first and last date of each (figure 5)."""

    name: str
    train: tuple[np.datetime64, np.datetime64]
    predict: tuple[np.datetime64, np.datetime64]


@dataclass(frozen=True)
class HorizonScore:
    """One row of the IC table: out-of-sample forecasts against the return over ``horizon`` sessions.

    ``ic`` and ``rank_ic`` are means over dates, ``*_ir`` mean / std raw, ``*_ir_annual`` the same times
    sqrt(periods per year / horizon), ``t_newey_west`` belongs to ``rank_ic`` (at least 3 (horizon - 1) lags),
    ``win_rate`` is the share of dates with a positive rank IC, ``r2`` the out-of-sample R2 of the
    forecast if there is one; ``intervals`` are of the fields that have one, the rank IC apart.
    """

    horizon: int
    n_dates: int
    ic: float
    ic_ir: float
    ic_ir_annual: float
    rank_ic: float
    rank_ic_ir: float
    rank_ic_ir_annual: float
    t_newey_west: float
    win_rate: float
    rank_ic_interval: Interval = Interval()
    r2: float = NAN
    intervals: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class IcSeries:
    """Rank IC per date: ``dates`` (T,), ``rank_ic`` (T,) float64, NaN where there was none."""

    horizon: int
    dates: DateArray
    rank_ic: FloatArray

    def __post_init__(self) -> None:
        _same_length("IcSeries", "dates", self.dates, rank_ic=self.rank_ic)


@dataclass(frozen=True, eq=False)
class DecileReturns:
    """Mean return per holding period of the stocks in each forecast decile, lowest forecast first.

    ``mean`` and ``std_error`` (D,) are fractions per ``horizon`` sessions; the standard error allows for
    overlap. ``spread_error`` is that of top minus bottom.
    """

    horizon: int
    mean: FloatArray
    std_error: FloatArray
    spread_error: float = NAN

    def __post_init__(self) -> None:
        _same_length("DecileReturns", "mean", self.mean, std_error=self.std_error)


@dataclass(frozen=True)
class ReferenceScore:
    """RankIC of a horizon on a simulated market beside what its truth would have scored on the same pairs.

    ``oracle`` knows all planted drivers and their strengths, ``visible`` those that the inputs can see,
    ``ridge`` all drivers but not their strengths, which it learns as the model does. ``intervals`` are of
    these and, as ``oracle_share`` and ``visible_share``, of what the RankIC is of the first two.
    """

    horizon: int
    rank_ic: float
    oracle: float
    visible: float
    ridge: float
    intervals: Mapping[str, Interval] = field(default_factory=dict)

    @property
    def open_shares(self) -> bool:
        """Whether a share has no interval though what it is a share of has one."""
        return any(
            getattr(self, name) > 0
            and np.isfinite(self.intervals.get(name, Interval()).low)
            and not np.isfinite(self.intervals.get(f"{name}_share", Interval()).low)
            for name in ("oracle", "visible")
        )


@dataclass(frozen=True)
class PlantedFacts:
    """A simulated market's truth: names of all ``drivers``, of the ``visible`` ones, one row per horizon."""

    drivers: Sequence[str]
    visible: Sequence[str]
    scores: Sequence[ReferenceScore]


@dataclass(frozen=True, eq=False)
class ForecastFacts:
    """How well the forecasts rank stocks. ``ic_series`` is that of the ``primary_horizon``; ``planted`` is
    None where no truth is known."""

    model: str
    folds: int
    scores: Sequence[HorizonScore]
    ic_series: IcSeries | None = None
    deciles: Sequence[DecileReturns] = ()
    primary_horizon: int = 5
    folds_note: str = ""
    planted: PlantedFacts | None = None
    fold_spans: Sequence[FoldSpan] = ()

    def primary(self) -> HorizonScore | None:
        """The row of the primary horizon, or None when it was not scored."""
        return next((row for row in self.scores if row.horizon == self.primary_horizon), None)


@dataclass(frozen=True, eq=False)
class PortfolioSeries:
    """Simple returns per period (P,): ``dates[i]`` is the end of the period in which ``long[i]`` was earned.

    ``long`` and ``short`` are the returns of the stocks in the top and the bottom decile, gross (the
    short leg is the return of holding those stocks, so a good short leg falls, as in figure 6 of the
    seed); ``long_short_*`` is the spread portfolio. ``benchmark`` is None where no comparable one exists.
    NaN periods count as 0 in the chart.
    """

    dates: DateArray
    long: FloatArray
    short: FloatArray
    long_short_gross: FloatArray
    long_short_net: FloatArray
    benchmark: FloatArray | None = None
    benchmark_name: str = "TOPIX"

    def __post_init__(self) -> None:
        series = {
            "long": self.long,
            "short": self.short,
            "gross": self.long_short_gross,
            "net": self.long_short_net,
        }
        if self.benchmark is not None:
            series["benchmark"] = self.benchmark
        _same_length("PortfolioSeries", "dates", self.dates, **series)


@dataclass(frozen=True)
class Performance:
    """One column of figure 7.

    ``annual_return`` is compounded, ``ratio`` is return / risk without a risk-free rate; ``intervals`` are of
    the fields that have one.
    """

    leg: Leg
    basis: Basis
    annual_return: float
    annual_risk: float
    ratio: float
    max_drawdown: float
    win_rate: float = NAN
    n_periods: int = 0
    intervals: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True)
class CostItem:
    """One number of the cost model; known names have a title and a unit, ``unit`` overrides it."""

    name: str
    value: float | str
    unit: str = ""


def cost_items(costs: CostConfig) -> tuple[CostItem, ...]:
    """The numbers of a cost model as the report lists them."""
    return tuple(CostItem(part.name, getattr(costs, part.name)) for part in fields(costs))


@dataclass(frozen=True, eq=False)
class PortfolioFacts:
    """The decile long-short portfolio of the primary horizon, before and after costs.

    ``sharpe_gross`` and ``sharpe_net`` are annualised, of the long-short portfolio. ``turnover_daily`` is
    the one-way traded value per session as a fraction of the capital of one leg, ``turnover_annual`` the
    same per year, ``cost_annual`` the cost per year as a fraction of capital. ``probabilistic_sharpe`` is
    the probability that the true net Sharpe ratio is positive; ``trials`` the number of configurations
    tried on these data. ``turnover_interval`` is per session, ``cost_interval`` per year.
    """

    series: PortfolioSeries | None
    performance: Sequence[Performance]
    sharpe_gross: float
    sharpe_net: float
    sharpe_net_interval: Interval = Interval()
    turnover_daily: float = NAN
    turnover_annual: float = NAN
    cost_annual: float = NAN
    costs: Sequence[CostItem] = ()
    tranches: int = 5
    probabilistic_sharpe: float = NAN
    trials: int = 1
    notes: Sequence[str] = ()
    turnover_interval: Interval = Interval()
    cost_interval: Interval = Interval()
    sharpe_gross_interval: Interval = Interval()


@dataclass(frozen=True, eq=False)
class StockRow:
    """One stock of figure 8: input values and relevances (F,) in the order of ``StockTable.features``."""

    side: Side
    code: str
    score: float
    values: AnyArray
    relevance: AnyArray
    name: str = ""


@dataclass(frozen=True, eq=False)
class StockTable:
    """Figure 8: about five stocks of each side on one date, about ten features (normalised input values)."""

    date: np.datetime64
    features: Sequence[str]
    rows: Sequence[StockRow]

    def __post_init__(self) -> None:
        for row in self.rows:
            _same_length("StockTable", "features", self.features, values=row.values, relevance=row.relevance)


@dataclass(frozen=True, eq=False)
class LegRelevance:
    """Figure 9.

    Mean relevance (F,) of the long and of the short side, Welch's two-sided p-values (F,), and half of the
    95 % interval (F,) of each mean, which allows for dates that follow each other.
    """

    features: Sequence[str]
    long: FloatArray
    short: FloatArray
    p_value: FloatArray
    n_long: int = 0
    n_short: int = 0
    period: str = ""
    long_half: FloatArray | None = None
    short_half: FloatArray | None = None

    def __post_init__(self) -> None:
        _same_length(
            "LegRelevance", "features", self.features, long=self.long, short=self.short, p_value=self.p_value
        )


@dataclass(frozen=True, eq=False)
class FeatureScatter:
    """Figure 10.

    Value and relevance (S,) of one feature over stocks (and dates); ``is_long`` tells the sides apart.
    ``kind`` is the feature's and ``shape`` the relation over these pairs, for the sentence below the figure.
    """

    feature: str
    value: AnyArray
    relevance: AnyArray
    is_long: BoolArray
    kind: str = ""
    shape: Shape | None = None

    def __post_init__(self) -> None:
        _same_length("FeatureScatter", "value", self.value, relevance=self.relevance, is_long=self.is_long)


@dataclass(frozen=True, eq=False)
class MarketRelevance:
    """Figure 11: mean relevance of market inputs for the long minus that for the short side.

    ``dates`` (M,) month ends, ``difference`` (M, F) means of the dates of each month, ``mean`` and
    ``t_newey_west`` (F,) of the differences by date.
    """

    features: Sequence[str]
    dates: DateArray
    difference: FloatArray
    mean: FloatArray
    t_newey_west: FloatArray

    def __post_init__(self) -> None:
        _same_length("MarketRelevance", "dates", self.dates, difference=self.difference)
        _same_length(
            "MarketRelevance", "features", self.features, mean=self.mean, t_newey_west=self.t_newey_west
        )


@dataclass(frozen=True, eq=False)
class RelevanceDeciles:
    """Figure 12: what the stocks are whose forecasts one input raised most, and lowered most, on one date.

    ``feature`` is the input, ``value`` what it was on the date (NaN where it differs by stock); ``high`` and
    ``low`` (A,) mean normalised values of the attributes in the top and the bottom decile of its relevance,
    ``p_value`` (A,) of Welch's test between them, ``n`` stocks in each, and half of the
    95 % interval (A,) of each mean.
    """

    feature: str
    date: np.datetime64
    value: float
    attributes: Sequence[str]
    high: FloatArray
    low: FloatArray
    p_value: FloatArray
    n: int
    high_half: FloatArray | None = None
    low_half: FloatArray | None = None

    def __post_init__(self) -> None:
        owner = "RelevanceDeciles"
        _same_length(owner, "attributes", self.attributes, high=self.high, low=self.low, p_value=self.p_value)


@dataclass(frozen=True)
class Residual:
    """Share of the prediction that LRP leaves with biases and epsilon.

    |residual| / |prediction| over stocks and dates.
    """

    median: float
    p95: float
    maximum: float
    rule: str = "epsilon"
    epsilon: float = 1e-3
    n: int = 0


@dataclass(frozen=True, eq=False)
class ExplanationFacts:
    """What LRP says about the forecasts; None in ``ReportInput`` for models that have no LRP yet.

    ``demeaned`` says that the date mean was taken off every relevance (decision 21). ``market`` is None for
    models without market-wide inputs.
    """

    horizon: int
    stocks: StockTable | None = None
    legs: LegRelevance | None = None
    scatters: Sequence[FeatureScatter] = ()
    residual: Residual | None = None
    demeaned: bool = False
    market: MarketRelevance | None = None
    deciles: RelevanceDeciles | None = None


@dataclass(frozen=True, eq=False)
class RunFacts:
    """The run itself.

    Configuration (nested mappings of plain values), manifest, stage -> seconds, features used.
    """

    name: str
    config: Mapping[str, object] = field(default_factory=dict)
    manifest: Mapping[str, object] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    features: Sequence[FeatureRow] = ()


@dataclass(frozen=True, eq=False)
class ReportInput:
    """Everything :func:`jqfast.report.build` needs.

    ``warnings`` are sentences for red boxes beyond those the report raises itself (survivors only,
    results above the sanity ranges). ``font`` is the path or the family name of a font for Japanese
    figure labels. ``explanation_missing`` says why ``explanation`` is None. Horizons count ``unit``s.
    ``interactive`` charts can be enlarged.
    """

    title: str
    run: RunFacts
    data: DataFacts
    forecast: ForecastFacts
    portfolio: PortfolioFacts | None = None
    explanation: ExplanationFacts | None = None
    language: Language = "en"
    warnings: Sequence[str] = ()
    explanation_missing: str = ""
    trust: TrustFacts | None = None
    monitor: MonitorFacts | None = None
    evaluation: EvaluationFacts | None = None
    font: str | None = None
    unit: Unit = "session"
    interactive: bool = False


def _same_length(
    owner: str, reference: str, values: Sequence[str] | AnyArray | CodeArray, /, **others: AnyArray
) -> None:
    """Raise ValueError unless every array has the length of the reference."""
    for name, array in others.items():
        if len(array) != len(values):
            raise ValueError(
                f"`{owner}.{name}` must have one entry per entry of `{reference}`; got {len(array)} "
                f"for {len(values)}."
            )
