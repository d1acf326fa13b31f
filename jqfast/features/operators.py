"""The table of operators: every fact about an operator that planning, checking and documenting need.

One row per operator of the language. Goes in: name, axis, arity, how the scale of the result follows from
the arguments, how much history it adds, and the instruction of the C++ executor it becomes. The functions
users call are in `jqfast.features.ops`; their docstrings say what each operator computes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from jqfast.features import rules
from jqfast.features.rules import ScaleRule

Axis: TypeAlias = Literal["elementwise", "time", "cross"]
Param: TypeAlias = int | float | str
Params: TypeAlias = Mapping[str, Param]


#: Instructions that never forget what they have seen.
_ENDLESS = frozenset({"ema", "ewm_var", "expanding", "streak", "since", "periods"})


@dataclass(frozen=True)
class Operator:
    """One operator: what it needs, what follows from it, what it is lowered to.

    ``instruction`` is the executor's name, ``give`` the statistic asked of a shared instruction
    (``moments``, ``extrema``, ``pairs``, ``trend``, ``expanding``; of ``quantiles`` it is the parameter q);
    ``history`` maps parameters to (rows of history read, rows of warm-up). ``beside`` is a series of the
    codes that the instruction reads after the arguments. Operators across stocks take one argument more when
    they are grouped, which the parameter ``grouped`` says.
    """

    name: str
    axis: Axis
    arity: int
    scale: ScaleRule
    instruction: str
    give: str = ""
    params: tuple[str, ...] = ()
    symbol: str = ""
    commutative: bool = False
    beside: str = ""

    def history(self, params: Params) -> tuple[float, int]:
        """Rows before today that the value reads (inf when recursive), and rows of warm-up it adds."""
        if self.name == "lag":
            return int(params["window"]), int(params["window"])
        if self.name == "last_valid":
            return int(params["limit"]), 0
        if self.name == "period_lag":
            return math.inf, int(params["window"])
        if self.instruction in _ENDLESS:
            return math.inf, int(params.get("min_periods", 1)) - 1
        if self.axis == "time":
            return int(params["window"]) - 1, int(params["min_periods"]) - 1
        return 0, 0

    def gives(self, params: Params) -> tuple[str, ...]:
        """The statistic asked of a shared instruction; empty for an instruction with one result."""
        if self.name == "ts_quantile":
            return (repr(float(params["q"])),)
        return (self.give,) if self.give else ()

    def lowered(self, params: Params) -> tuple[tuple[str, Param], ...]:
        """The parameters of the instruction (exponential averages get a smoothing constant)."""
        if self.name in ("ema", "ewm_var"):
            return (("alpha", 2.0 / (int(params["window"]) + 1)), ("min_periods", params["min_periods"]))
        if self.name == "wilder":
            return (("alpha", 1.0 / int(params["window"])), ("min_periods", params["min_periods"]))
        if self.name in ("period_lag", "period_streak"):
            return (("window", int(params["window"]) + (self.name == "period_lag")), ("min_periods", 1))
        return tuple((name, params[name]) for name in self.params)


# -- the table
# -----------------------------------------------------------------------------------------------------


def _elementwise(
    name: str, arity: int, rule: ScaleRule, symbol: str = "", *, commutative: bool = False
) -> Operator:
    return Operator(name, "elementwise", arity, rule, name, symbol=symbol, commutative=commutative)


def _rolling(name: str, arity: int, rule: ScaleRule, instruction: str, give: str | None = None) -> Operator:
    statistic = name.removeprefix("ts_") if give is None else give
    return Operator(name, "time", arity, rule, instruction, statistic, ("window", "min_periods"))


def _recursive(name: str, rule: ScaleRule, instruction: str) -> Operator:
    return Operator(name, "time", 1, rule, instruction, params=("window", "min_periods"))


def _periods(statistic: str, rule: ScaleRule, give: str = "") -> Operator:
    name, params = f"period_{statistic}", ("window", "min_periods")
    return Operator(name, "time", 2, rule, "periods", give or statistic, params)


def _expanding(statistic: str, rule: ScaleRule) -> Operator:
    return Operator(f"expanding_{statistic}", "time", 1, rule, "expanding", statistic, ("min_periods",))


def _cross(
    name: str, rule: ScaleRule, params: tuple[str, ...] = (), *, arity: int = 1, beside: str = ""
) -> Operator:
    return Operator(name, "cross", arity, rule, name, params=params, beside=beside)


_TABLE = (
    _elementwise("add", 2, rules.summed(1.0), "+", commutative=True),
    _elementwise("sub", 2, rules.summed(-1.0), "-"),
    _elementwise("mul", 2, rules.product(1.0), "*", commutative=True),
    _elementwise("div", 2, rules.product(-1.0), "/"),
    _elementwise("power", 2, rules.power, "**"),
    _elementwise("neg", 1, rules.negate, "-"),
    _elementwise("abs", 1, rules.unsigned),
    _elementwise("sqrt", 1, rules.scaled(0.5)),
    _elementwise("log", 1, rules.log),
    _elementwise("exp", 1, rules.exp),
    _elementwise("sign", 1, rules.sign),
    _elementwise("tanh", 1, rules.needs_plain),
    _elementwise("minimum", 2, rules.same, commutative=True),
    _elementwise("maximum", 2, rules.same, commutative=True),
    _elementwise("fmin", 2, rules.same, commutative=True),
    _elementwise("fmax", 2, rules.same, commutative=True),
    _elementwise("lt", 2, rules.compare, "<"),
    _elementwise("le", 2, rules.compare, "<="),
    _elementwise("gt", 2, rules.compare, ">"),
    _elementwise("ge", 2, rules.compare, ">="),
    _elementwise("eq", 2, rules.compare, commutative=True),
    _elementwise("ne", 2, rules.compare, commutative=True),
    _elementwise("and", 2, rules.flag, "&", commutative=True),
    _elementwise("or", 2, rules.flag, "|", commutative=True),
    _elementwise("not", 1, rules.flag, "~"),
    _elementwise("where", 3, rules.where),
    _elementwise("isnan", 1, rules.plain),
    _elementwise("fill", 2, rules.same),
    _elementwise("clip", 3, rules.same),
    Operator("lag", "time", 1, rules.keep, "lag", params=("window",)),
    Operator("streak", "time", 1, rules.flag, "streak"),
    Operator("since", "time", 1, rules.flag, "since"),
    Operator("last_valid", "time", 1, rules.keep, "last_valid", params=("limit",)),
    _recursive("ema", rules.keep, "ema"),
    _recursive("wilder", rules.keep, "ema"),
    _recursive("ewm_var", rules.spread(2.0), "ewm_var"),
    _rolling("ts_sum", 1, rules.total, "moments"),
    _rolling("ts_mean", 1, rules.keep, "moments"),
    _rolling("ts_var", 1, rules.spread(2.0), "moments"),
    _rolling("ts_std", 1, rules.spread(1.0), "moments"),
    _rolling("ts_skew", 1, rules.spread(0.0), "moments"),
    _rolling("ts_kurt", 1, rules.spread(0.0), "moments"),
    _rolling("ts_count", 1, rules.plain, "moments"),
    _rolling("ts_zscore", 1, rules.spread(0.0), "moments"),
    _rolling("ts_product", 1, rules.needs_plain, "product", ""),
    _rolling("ts_min", 1, rules.keep, "extrema"),
    _rolling("ts_max", 1, rules.keep, "extrema"),
    _rolling("ts_range", 1, rules.spread(1.0), "extrema"),
    _rolling("ts_argmin", 1, rules.plain, "extrema"),
    _rolling("ts_argmax", 1, rules.plain, "extrema"),
    _rolling("ts_rank", 1, rules.spread(0.0), "rolling_rank", ""),
    _rolling("ts_quantile", 1, rules.keep, "quantiles", ""),
    _rolling("ts_mad", 1, rules.spread(1.0), "mad", ""),
    _rolling("ts_cov", 2, rules.pair(1.0), "pairs"),
    _rolling("ts_corr", 2, rules.pair(0.0), "pairs"),
    _rolling("ts_beta", 2, rules.pair(-1.0), "pairs"),
    _rolling("ts_alpha", 2, rules.offset, "pairs", "intercept"),
    _rolling("ts_residual", 2, rules.distance, "pairs", "resid"),
    _rolling("ts_r2", 2, rules.pair(0.0), "pairs", "rsquare"),
    _rolling("ts_wmean", 2, rules.weighted, "pairs", "wmean"),
    _rolling("ts_slope", 1, rules.spread(1.0), "trend"),
    _rolling("ts_intercept", 1, rules.keep, "trend"),
    _rolling("ts_resid", 1, rules.spread(1.0), "trend"),
    _rolling("ts_rsquare", 1, rules.spread(0.0), "trend"),
    _rolling("ts_decay", 1, rules.keep, "trend"),
    _periods("sum", rules.total),
    _periods("mean", rules.keep),
    _periods("std", rules.spread(1.0)),
    _periods("zscore", rules.spread(0.0)),
    _periods("lag", rules.keep, "oldest"),
    _periods("streak", rules.flag),
    _expanding("sum", rules.total),
    _expanding("mean", rules.keep),
    _expanding("var", rules.spread(2.0)),
    _expanding("std", rules.spread(1.0)),
    _expanding("skew", rules.spread(0.0)),
    _expanding("kurt", rules.spread(0.0)),
    _expanding("count", rules.plain),
    _expanding("min", rules.keep),
    _expanding("max", rules.keep),
    _expanding("product", rules.needs_plain),
    _cross("cs_rank", rules.ranked),
    _cross("cs_rank_min", rules.ranked),
    _cross("cs_rank_dense", rules.ranked),
    _cross("cs_rank_first", rules.ranked, beside="code_order"),
    _cross("cs_centred_rank", rules.ranked),
    _cross("cs_zscore", rules.ranked),
    _cross("cs_demean", rules.centred),
    _cross("cs_mean", rules.level),
    _cross("cs_std", rules.centred),
    _cross("cs_scale", rules.portion),
    _cross("cs_normal", rules.ranked),
    _cross("cs_bucket", rules.ranked, ("count",)),
    _cross("cs_winsorize", rules.level, ("low", "high")),
    _cross("cs_neutralize", rules.centred, arity=2),
)

#: name -> operator, in the order of the documentation.
OPERATORS: Mapping[str, Operator] = {operator.name: operator for operator in _TABLE}
