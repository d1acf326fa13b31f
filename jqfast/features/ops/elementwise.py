"""Operators on one cell: the result at (t, n) depends on the arguments at (t, n) alone.

The errors of functions are the largest found over all float32 arguments, a sample of them for powers, and
many random float64 ones (``cpp/tests/test_elementary.cpp``). Axis of the result: stock if any argument is,
else market. No look-back and no warm-up. NaN in, NaN out unless said otherwise; Inf follows IEEE 754 and is
stored as NaN in a feature. ``+ - * /`` are IEEE (1/0 is inf, 0/0 NaN); ``< <= > >=`` give 1.0 or 0.0, NaN
where a side is NaN; ``&``, ``|``, ``~`` take any nonzero number as true and are NaN where an operand is NaN.
"""

from __future__ import annotations

from jqfast.features.expr import Expr, Operand, apply
from jqfast.features.ops.arguments import literal


def log(x: Operand) -> Expr:
    """Natural logarithm, within 0.80 ulp; -inf at 0, NaN below."""
    return apply("log", x)


def exp(x: Operand) -> Expr:
    """e to the power x, within 0.76 ulp."""
    return apply("exp", x)


def sqrt(x: Operand) -> Expr:
    """Square root, correctly rounded; NaN below 0."""
    return apply("sqrt", x)


def abs_(x: Operand) -> Expr:
    """Absolute value; also ``abs(x)``."""
    return apply("abs", x)


def sign(x: Operand) -> Expr:
    """1.0, 0.0 or -1.0; NaN at NaN."""
    return apply("sign", x)


def tanh(x: Operand) -> Expr:
    """Hyperbolic tangent, in [-1, 1], within 0.57 ulp."""
    return apply("tanh", x)


def power(x: Operand, y: float) -> Expr:
    """x to the literal power y, within 0.78 ulp; also ``x ** y``.

    Parameters
    ----------
    x : Expr
    y : number, not a series

    Returns
    -------
    Expr. NaN where ``x < 0`` and ``y`` is not an integer.

    Notes
    -----
    Special cases are those of IEEE 754 pow (``x ** 0`` and ``1 ** nan`` are 1, ``0 ** -1`` is inf, ``(-inf)
    ** 1.5`` is inf), but for ``x ** 0.5``, which is ``sqrt(x)``: -0 at -0, NaN at -inf.
    """
    return apply("power", x, literal(y, "y"))


def minimum(x: Operand, y: Operand) -> Expr:
    """The smaller of two values; NaN if either is NaN."""
    return apply("minimum", x, y)


def maximum(x: Operand, y: Operand) -> Expr:
    """The larger of two values; NaN if either is NaN."""
    return apply("maximum", x, y)


def fmin(x: Operand, y: Operand) -> Expr:
    """The smaller of two values, the other one where one is NaN."""
    return apply("fmin", x, y)


def fmax(x: Operand, y: Operand) -> Expr:
    """The larger of two values, the other one where one is NaN."""
    return apply("fmax", x, y)


def where(condition: Operand, a: Operand, b: Operand) -> Expr:
    """a where the condition is nonzero, b where it is zero, NaN where it is NaN."""
    return apply("where", condition, a, b)


def isnan(x: Operand) -> Expr:
    """1.0 where x is NaN, else 0.0; never NaN. Inf is not NaN."""
    return apply("isnan", x)


def fill(x: Operand, value: float) -> Expr:
    """x with NaN replaced by the literal ``value``."""
    return apply("fill", x, literal(value, "value"))


def clip(x: Operand, lo: float, hi: float) -> Expr:
    """x limited to [lo, hi], both literals; NaN stays NaN.

    Raises
    ------
    ValueError
        If ``lo > hi`` or one is NaN.
    """
    low, high = literal(lo, "lo"), literal(hi, "hi")
    if not low <= high:
        raise ValueError(f"`lo` must not be above `hi`; got lo={low:g}, hi={high:g}.")
    return apply("clip", x, low, high)


def eq(x: Operand, y: Operand) -> Expr:
    """1.0 where the values are equal, else 0.0; NaN if either is NaN. (``==`` compares formulas.)"""
    return apply("eq", x, y)


def ne(x: Operand, y: Operand) -> Expr:
    """1.0 where the values differ, else 0.0; NaN if either is NaN."""
    return apply("ne", x, y)
