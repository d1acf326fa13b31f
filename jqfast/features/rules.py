"""Scale rules: from the scales of the arguments to the scale of the result, None when there is no single one.

Every operator of `jqfast.features.operators` names one of them. A rule may refuse arguments that cannot stand
together (yen plus shares) with a ValueError for people.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from jqfast.features import scale as units
from jqfast.features.scale import ANY, PLAIN, ZERO, Scale

if TYPE_CHECKING:
    from jqfast.features.expr import Expr

Args: TypeAlias = "tuple[Expr, ...]"
ScaleRule: TypeAlias = Callable[[Args], "Scale | None"]


def same(args: Args) -> Scale | None:
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


def summed(sign: float) -> ScaleRule:
    """Sum or difference: one unit; logarithms add and subtract what is inside them."""

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


def product(sign: float) -> ScaleRule:
    """Product or quotient: exponents add or subtract."""

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


def power(args: Args) -> Scale | None:
    """A literal power of a value with a unit."""
    scale = args[0].scale
    if scale is None or scale.shift != ZERO:
        return None
    return Scale(units.times(scale.power, float(args[1].constant or 0.0)))


def log(args: Args) -> Scale | None:
    """What had exponents becomes an additive shift."""
    scale = args[0].scale
    return None if scale is None or scale.shift != ZERO else Scale(ZERO, scale.power)


def exp(args: Args) -> Scale | None:
    """The inverse of `log`; exp of a quantity with a unit has no scale."""
    scale = args[0].scale
    return None if scale is None or scale.power != ZERO else Scale(scale.shift)


def scaled(exponent: float) -> ScaleRule:
    """The unit to a power; what is inside a logarithm does not survive it unless the power is 1."""

    def rule(args: Args) -> Scale | None:
        scale = args[0].scale
        if scale is None or (scale.shift != ZERO and exponent != 1.0):
            return None
        return Scale(units.times(scale.power, exponent), scale.shift)

    return rule


def keep(args: Args) -> Scale | None:
    """The scale of the first argument."""
    return args[0].scale


def negate(args: Args) -> Scale | None:
    """The unit stays; -log x is log of 1/x."""
    scale = args[0].scale
    return None if scale is None else Scale(scale.power, units.times(scale.shift, -1.0))


def unsigned(args: Args) -> Scale | None:
    """The unit stays; the absolute value of a logarithm has no single scale."""
    scale = args[0].scale
    return None if scale is None or scale.shift != ZERO else Scale(scale.power)


def sign(args: Args) -> Scale | None:
    """No unit is left."""
    scale = args[0].scale
    return None if scale is None or scale.shift != ZERO else PLAIN


def needs_plain(args: Args) -> Scale | None:
    """Only plain numbers have a result with a scale."""
    scale = args[0].scale
    return PLAIN if scale is not None and scale.plain else None


def flag(args: Args) -> Scale | None:
    """Truth values: the unit is gone, but a value without a single scale stays one."""
    return None if any(a.scale is None or a.scale.shift != ZERO for a in args) else PLAIN


def plain(args: Args) -> Scale | None:
    """Counts and flags: a plain number whatever the arguments."""
    return None if any(a.scale is None for a in args) else PLAIN


def compare(args: Args) -> Scale | None:
    """A flag from two values of one unit."""
    return None if same(args) is None else PLAIN


def where(args: Args) -> Scale | None:
    """The unit of the branches."""
    return None if flag(args[:1]) is None else same(args[1:])


def spread(power: float) -> ScaleRule:
    """Differences inside a window: a logarithm's shift cancels, the unit is raised to ``power``."""

    def rule(args: Args) -> Scale | None:
        scale = args[0].scale
        return None if scale is None else Scale(units.times(scale.power, power))

    return rule


def total(args: Args) -> Scale | None:
    """Sums over a window: as many logarithms as there are values have no single scale."""
    scale = args[0].scale
    return None if scale is None or scale.shift != ZERO else scale


def pair(sign: float) -> ScaleRule:
    """Products (+1), quotients (-1) of deviations of two series, or neither (0)."""

    def rule(args: Args) -> Scale | None:
        left, right = args[0].scale, args[1].scale
        if left is None or right is None:
            return None
        return PLAIN if sign == 0.0 else Scale(units.add(left.power, right.power, sign))

    return rule


def offset(args: Args) -> Scale | None:
    """Where a line through (y, x) meets y = 0: in the unit of x; a logarithm as y has no such place."""
    left, right = args[0].scale, args[1].scale
    return None if left is None or right is None or right.shift != ZERO else left


def distance(args: Args) -> Scale | None:
    """From a line through (y, x): in the unit of x, logarithms cancel."""
    left, right = args[0].scale, args[1].scale
    return None if left is None or right is None else Scale(left.power)


def weighted(args: Args) -> Scale | None:
    """The scale of the values; the unit of the weights cancels, what is inside their logarithm does not."""
    left, right = args[0].scale, args[1].scale
    return None if left is None or right is None or right.shift != ZERO else left


def _comparable(args: Args) -> bool:
    """Across stocks each share has its own split history: only split-free values can be compared."""
    return all(arg.scale is not None and arg.scale.split_free for arg in args)


def ranked(args: Args) -> Scale | None:
    """Places among the stocks: a plain number."""
    return PLAIN if _comparable(args) else None


def centred(args: Args) -> Scale | None:
    """Distances on one date, in the unit of the value; logarithms cancel."""
    scale = args[0].scale
    return Scale(scale.power) if scale is not None and _comparable(args) else None


def level(args: Args) -> Scale | None:
    """Levels of one date, in the unit of the value."""
    return args[0].scale if _comparable(args) else None


def portion(args: Args) -> Scale | None:
    """Shares of a sum over the stocks."""
    scale = args[0].scale
    return PLAIN if scale is not None and scale.shift == ZERO and _comparable(args) else None
