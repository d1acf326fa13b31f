"""The table of operators: every fact about an operator that planning, checking and documenting need.

One row per operator of the language. Goes in: name, axis, arity, how the scale of the result follows from
the arguments, how much history it adds, and the instruction of the C++ executor it becomes. The functions
users call are in `jqfast.features.ops`; their docstrings say what each operator computes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from jqfast.features import scale as units
from jqfast.features.scale import ANY, PLAIN, ZERO, Scale

if TYPE_CHECKING:
    from jqfast.features.expr import Expr

Axis: TypeAlias = Literal["elementwise", "time", "cross"]
Param: TypeAlias = int | float | str
Params: TypeAlias = Mapping[str, Param]
Args: TypeAlias = "tuple[Expr, ...]"
ScaleRule: TypeAlias = Callable[[Args], "Scale | None"]


@dataclass(frozen=True)
class Operator:
    """One operator: what it needs, what follows from it, what it is lowered to.

    ``instruction`` is the executor's name, ``give`` the statistic asked of a shared instruction
    (``moments``, ``extrema``, ``pairs``, ``trend``); ``history`` maps parameters to (rows of history read,
    rows of warm-up).
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

    def history(self, params: Params) -> tuple[float, int]:
        """Rows before today that the value reads (inf when recursive), and rows of warm-up it adds."""
        if self.name == "lag":
            return int(params["window"]), int(params["window"])
        if self.name == "last_valid":
            return int(params["limit"]), 0
        if self.name == "streak":
            return math.inf, 0
        if self.name in ("ema", "wilder"):
            return math.inf, int(params["min_periods"]) - 1
        if self.axis == "time":
            return int(params["window"]) - 1, int(params["min_periods"]) - 1
        return 0, 0

    def lowered(self, params: Params) -> tuple[tuple[str, Param], ...]:
        """The parameters of the instruction (``ema`` and ``wilder`` become a smoothing constant)."""
        if self.name == "ema":
            return (("alpha", 2.0 / (int(params["window"]) + 1)), ("min_periods", params["min_periods"]))
        if self.name == "wilder":
            return (("alpha", 1.0 / int(params["window"])), ("min_periods", params["min_periods"]))
        return tuple((name, params[name]) for name in self.params)


# -- scale rules: args -> the scale of the result, None when there is no single one
# ----------------------


def _same(args: Args) -> Scale | None:
    """Arguments must be in one unit, and so is the result (minimum, where branches, clip bounds)."""
    _refuse_mixed(args)
    return units.common(arg.scale for arg in args)


def _refuse_mixed(args: Args) -> None:
    """Yen plus shares is a mistake; a series beside a plain literal is only not a feature any more."""
    known = [a for a in args if not a.is_constant and a.scale is not None and not a.scale.anything]
    for left, right in itertools.pairwise(known):
        if left.scale is not None and right.scale is not None and left.scale.power != right.scale.power:
            raise ValueError(
                f"`{left}` is in {units.unit_name(left.scale)} and `{right}` in "
                f"{units.unit_name(right.scale)}: they cannot be added or compared. Divide each by a "
                'quantity of its own unit first; your own columns say theirs by `column(name, unit="price")`.'
            )


def _sum(sign: float) -> ScaleRule:
    def rule(args: Args) -> Scale | None:
        _refuse_mixed(args)
        left, right = args[0].scale, args[1].scale
        if left is None or right is None:
            return None
        if left.power == ZERO and right.power == ZERO:
            both = left.anything and right.anything
            return ANY if both else Scale(ZERO, units.add(left.shift, right.shift, sign))
        return units.common((left, right))

    return rule


def _product(sign: float) -> ScaleRule:
    def rule(args: Args) -> Scale | None:
        left, right = args[0].scale, args[1].scale
        if left is None or right is None:
            return None
        if left.shift == ZERO and right.shift == ZERO:
            return Scale(units.add(left.power, right.power, sign))
        factor = args[1].constant  # a log may be multiplied by a literal, by nothing else
        if factor:
            return Scale(left.power, units.times(left.shift, factor**sign))
        factor = args[0].constant if sign > 0 else None
        return Scale(right.power, units.times(right.shift, factor)) if factor else None

    return rule


def _power(args: Args) -> Scale | None:
    scale = args[0].scale
    if scale is None or scale.shift != ZERO:
        return None
    return Scale(units.times(scale.power, float(args[1].constant or 0.0)))


def _log(args: Args) -> Scale | None:
    scale = args[0].scale
    return None if scale is None or scale.shift != ZERO else Scale(ZERO, scale.power)


def _exp(args: Args) -> Scale | None:
    scale = args[0].scale
    return None if scale is None or scale.power != ZERO else Scale(scale.shift)


def _scaled(exponent: float) -> ScaleRule:
    """The unit to a power; what is inside a logarithm does not survive it unless the power is 1."""

    def rule(args: Args) -> Scale | None:
        scale = args[0].scale
        if scale is None or (scale.shift != ZERO and exponent != 1.0):
            return None
        return Scale(units.times(scale.power, exponent), scale.shift)

    return rule


def _keep(args: Args) -> Scale | None:
    return args[0].scale


def _negate(args: Args) -> Scale | None:
    scale = args[0].scale
    return None if scale is None else Scale(scale.power, units.times(scale.shift, -1.0))


def _unsigned(args: Args) -> Scale | None:
    scale = args[0].scale
    return None if scale is None or scale.shift != ZERO else Scale(scale.power)


def _sign(args: Args) -> Scale | None:
    scale = args[0].scale
    return None if scale is None or scale.shift != ZERO else PLAIN


def _needs_plain(args: Args) -> Scale | None:
    scale = args[0].scale
    return PLAIN if scale is not None and scale.plain else None


def _flag(args: Args) -> Scale | None:
    """Truth values: the unit is gone, but a value without a single scale stays one."""
    return None if any(a.scale is None or a.scale.shift != ZERO for a in args) else PLAIN


def _plain(args: Args) -> Scale | None:
    return None if any(a.scale is None for a in args) else PLAIN


def _compare(args: Args) -> Scale | None:
    return None if _same(args) is None else PLAIN


def _where(args: Args) -> Scale | None:
    return None if _flag(args[:1]) is None else _same(args[1:])


def _spread(power: float) -> ScaleRule:
    """Differences inside a window: a logarithm's shift cancels, the unit is raised to ``power``."""

    def rule(args: Args) -> Scale | None:
        scale = args[0].scale
        return None if scale is None else Scale(units.times(scale.power, power))

    return rule


def _total(args: Args) -> Scale | None:
    scale = args[0].scale
    return None if scale is None or scale.shift != ZERO else scale


def _pair(sign: float) -> ScaleRule:
    def rule(args: Args) -> Scale | None:
        left, right = args[0].scale, args[1].scale
        if left is None or right is None:
            return None
        return PLAIN if sign == 0.0 else Scale(units.add(left.power, right.power, sign))

    return rule


def _ranked(args: Args) -> Scale | None:
    """Across stocks each share has its own split history: only split-free values can be compared."""
    scale = args[0].scale
    return PLAIN if scale is not None and scale.split_free else None


def _centred(args: Args) -> Scale | None:
    scale = args[0].scale
    return Scale(scale.power) if scale is not None and scale.split_free else None


def _level(args: Args) -> Scale | None:
    scale = args[0].scale
    return scale if scale is not None and scale.split_free else None


# -- the table
# -----------------------------------------------------------------------------------------------------


def _elementwise(
    name: str, arity: int, rule: ScaleRule, symbol: str = "", *, commutative: bool = False
) -> Operator:
    return Operator(name, "elementwise", arity, rule, name, symbol=symbol, commutative=commutative)


def _rolling(name: str, arity: int, rule: ScaleRule, instruction: str) -> Operator:
    give = name.removeprefix("ts_")
    return Operator(name, "time", arity, rule, instruction, give, ("window", "min_periods"))


def _recursive(name: str) -> Operator:
    return Operator(name, "time", 1, _keep, "ema", params=("window", "min_periods"))


def _cross(name: str, rule: ScaleRule) -> Operator:
    return Operator(name, "cross", 1, rule, name)


_TABLE = (
    _elementwise("add", 2, _sum(1.0), "+", commutative=True),
    _elementwise("sub", 2, _sum(-1.0), "-"),
    _elementwise("mul", 2, _product(1.0), "*", commutative=True),
    _elementwise("div", 2, _product(-1.0), "/"),
    _elementwise("power", 2, _power, "**"),
    _elementwise("neg", 1, _negate, "-"),
    _elementwise("abs", 1, _unsigned),
    _elementwise("sqrt", 1, _scaled(0.5)),
    _elementwise("log", 1, _log),
    _elementwise("exp", 1, _exp),
    _elementwise("sign", 1, _sign),
    _elementwise("tanh", 1, _needs_plain),
    _elementwise("minimum", 2, _same, commutative=True),
    _elementwise("maximum", 2, _same, commutative=True),
    _elementwise("fmin", 2, _same, commutative=True),
    _elementwise("fmax", 2, _same, commutative=True),
    _elementwise("lt", 2, _compare, "<"),
    _elementwise("le", 2, _compare, "<="),
    _elementwise("gt", 2, _compare, ">"),
    _elementwise("ge", 2, _compare, ">="),
    _elementwise("eq", 2, _compare, commutative=True),
    _elementwise("ne", 2, _compare, commutative=True),
    _elementwise("and", 2, _flag, "&", commutative=True),
    _elementwise("or", 2, _flag, "|", commutative=True),
    _elementwise("not", 1, _flag, "~"),
    _elementwise("where", 3, _where),
    _elementwise("isnan", 1, _plain),
    _elementwise("fill", 2, _same),
    _elementwise("clip", 3, _same),
    Operator("lag", "time", 1, _keep, "lag", params=("window",)),
    Operator("streak", "time", 1, _flag, "streak"),
    Operator("last_valid", "time", 1, _keep, "last_valid", params=("limit",)),
    _recursive("ema"),
    _recursive("wilder"),
    _rolling("ts_sum", 1, _total, "moments"),
    _rolling("ts_mean", 1, _keep, "moments"),
    _rolling("ts_var", 1, _spread(2.0), "moments"),
    _rolling("ts_std", 1, _spread(1.0), "moments"),
    _rolling("ts_skew", 1, _spread(0.0), "moments"),
    _rolling("ts_kurt", 1, _spread(0.0), "moments"),
    _rolling("ts_count", 1, _plain, "moments"),
    _rolling("ts_zscore", 1, _spread(0.0), "moments"),
    _rolling("ts_min", 1, _keep, "extrema"),
    _rolling("ts_max", 1, _keep, "extrema"),
    _rolling("ts_range", 1, _spread(1.0), "extrema"),
    _rolling("ts_argmin", 1, _plain, "extrema"),
    _rolling("ts_argmax", 1, _plain, "extrema"),
    _rolling("ts_cov", 2, _pair(1.0), "pairs"),
    _rolling("ts_corr", 2, _pair(0.0), "pairs"),
    _rolling("ts_beta", 2, _pair(-1.0), "pairs"),
    _rolling("ts_slope", 1, _spread(1.0), "trend"),
    _rolling("ts_intercept", 1, _keep, "trend"),
    _rolling("ts_resid", 1, _spread(1.0), "trend"),
    _rolling("ts_rsquare", 1, _spread(0.0), "trend"),
    _cross("cs_rank", _ranked),
    _cross("cs_centred_rank", _ranked),
    _cross("cs_zscore", _ranked),
    _cross("cs_demean", _centred),
    _cross("cs_mean", _level),
    _cross("cs_std", _centred),
)

#: name -> operator, in the order of the documentation.
OPERATORS: Mapping[str, Operator] = {operator.name: operator for operator in _TABLE}
