"""Formulas as text, for configuration files: ``"ts_mean(close, 5) / close - 1"`` gives an expression.

In: text in the notation of `jqfast features list`. Out: an expression. Only the leaves, operators and
numbers of the feature language mean anything here; nothing of the text is ever executed.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jqfast.errors import unknown
from jqfast.features.checks import Norm
from jqfast.features.declare import Family, Feature, registry

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.Invert: operator.invert}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def parse(text: str, *, where: str = "formula") -> Any:
    """The expression that ``text`` writes down.

    Parameters
    ----------
    text : str, for example ``"where(volume > 0, close / lag(close, 5) - 1, 0)"``
    where : str, what the text belongs to, for messages

    Returns
    -------
    Expr

    Raises
    ------
    ValueError
        If the text is no formula, uses an unknown name, or an operator refuses its arguments.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
        return _read(tree.body, _language())
    except SyntaxError as error:
        raise ValueError(f"`{where}` is not a formula: {error.msg} in `{text}`.") from None
    except (RecursionError, MemoryError):
        raise ValueError(f"`{where}` is nested too deeply to be read.") from None
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ValueError(f"`{where}` = `{text}`: {error}") from None


def _language() -> dict[str, Any]:
    """Leaves and operators by name."""
    from jqfast.features import columns, ops
    from jqfast.features.expr import Expr

    leaves = {name: value for name, value in vars(columns).items() if isinstance(value, Expr)}
    numbers = {"nan": math.nan, "inf": math.inf}
    return {
        **leaves,
        **numbers,
        "column": columns.column,
        **{name: getattr(ops, name) for name in ops.__all__},
    }


def _read(node: ast.expr, names: dict[str, Any]) -> Any:
    """One node of the syntax tree as an expression, a number or a parameter."""
    match node:
        case ast.Constant(value=int() | float() | str() as value) if not isinstance(value, bool):
            return value
        case ast.Name(id=name):
            return _named(name, names)
        case ast.BinOp(left=left, op=symbol, right=right) if type(symbol) in _BINARY:
            return _combine(_BINARY[type(symbol)], _read(left, names), _read(right, names))
        case ast.UnaryOp(op=symbol, operand=operand) if type(symbol) in _UNARY:
            return _UNARY[type(symbol)](_read(operand, names))
        case ast.Compare(left=left, ops=[symbol], comparators=[right]) if type(symbol) in _COMPARE:
            return _COMPARE[type(symbol)](_read(left, names), _read(right, names))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
            function = _named(name, names)
            if not callable(function):
                raise ValueError(f"`{name}` is a column, not an operator.")
            options = {word.arg: _option(word.value, names) for word in keywords if word.arg}
            return function(*(_read(argument, names) for argument in arguments), **options)
    raise ValueError(f"`{ast.unparse(node)}` is not part of the feature language.")


def _option(node: ast.expr, names: dict[str, Any]) -> Any:
    """The value of a keyword, which may also be True or False."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return node.value
    return _read(node, names)


def _combine(operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """A binary operation; with two numbers in float64, where nothing can grow without bound."""
    if isinstance(left, str) or isinstance(right, str):
        raise ValueError("Text can only be a parameter, it has no arithmetic.")
    if isinstance(left, int | float) and isinstance(right, int | float):
        return operation(float(left), float(right))
    return operation(left, right)


def _named(name: str, names: dict[str, Any]) -> Any:
    if name not in names:
        raise unknown("name in a formula", name, names)
    return names[name]


def own_features(formulas: Mapping[str, str]) -> dict[str, Feature]:
    """The user's own expressions as features, checked as those of the catalogue are."""
    own = Family("own")
    for name, text in formulas.items():
        expr = parse(text, where=f"features.own.{name}")
        norm: Norm = "ts" if expr.axis == "market" else "cs"
        own.add(name, lambda expr=expr: expr, norm=norm, doc=text, kind="own")
    return {feature.name: feature for feature in own}


def declared(names: Iterable[str], formulas: Mapping[str, str]) -> dict[str, Feature]:
    """The declarations of a run's inputs; its own ``formulas`` come before the catalogue."""
    own = own_features(formulas)
    return {name: own[name] if name in own else registry[name] for name in names}
