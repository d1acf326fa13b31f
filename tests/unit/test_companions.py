"""Every operator has its companions: kernel, reference, oracle, property, docstring, benchmark.

Each is asked of each operator of the registry, so that a new one without a companion fails by name. The
oracle and the properties walk the registry themselves (`tests/oracle/test_operators_oracle.py`,
`tests/property/test_every_operator.py`, `test_streaming.py`); here it is asserted that they do, and that what
they run reaches the operator's kernel. The references of the kernels in C++ are counted by
`cpp/tests/test_executor.cpp`.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from operator_uses import all_uses, uses

from jqfast import _core
from jqfast.features import Expr, column, ops, reference
from jqfast.features.operators import OPERATORS
from jqfast.features.passes import compile_plan

ROOT = Path(__file__).parents[2]
X, Y = column("x"), column("y")

#: How operators that have no function of their own name are written.
SYMBOLS = dict(
    zip(
        ("add", "sub", "neg", "mul", "div", "lt", "le", "gt", "ge", "and", "or", "not"),
        ("+", "-", "-", "*", "/", "<", "<=", ">", ">=", "&", "|", "~"),
        strict=True,
    )
)


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`benchmarks` importable, behind the installed package."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT)])
    monkeypatch.setenv("JQFAST_PIN", "0")  # restored afterwards: the module sets it
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "benchmarks"]:
        del sys.modules[name]


def test_no_kernel_is_left_without_an_operator() -> None:
    assert {operator.instruction for operator in OPERATORS.values()} == set(_core.operators()) - {"input"}


@pytest.mark.parametrize("name", OPERATORS)
def test_kernel(name: str) -> None:
    """The core accepts a plan whose instruction gives the operator's statistic."""
    operator = OPERATORS[name]
    for expr in uses(name, (X, Y, X * Y)).values():
        plan = compile_plan([expr])
        lines = [line for line in plan.text.splitlines() if f"= {operator.instruction} " in line]
        assert lines, plan.text
        assert not operator.give or any(operator.give in _given(line) for line in lines), plan.text
        assert _core.Plan(plan.text).outputs == 1


def _given(line: str) -> list[str]:
    found = re.search(r" give=(\S+)", line)
    return found[1].split(",") if found else []


@pytest.mark.parametrize("name", OPERATORS)
def test_reference(name: str) -> None:
    along_time = (reference.RECURSIVE, reference.WINDOWED, reference.PLACED, reference.PERIODS)
    tables = (reference.ELEMENTWISE, *along_time, reference.CROSS)
    assert sum(name in table for table in tables) == 1


#: file -> what it runs for each operator of the registry, and the test that does.
WALKS = {
    "oracle/test_operators_oracle.py": [
        ("test_time_operator", '_of_axis("time")'),
        ("test_cross_operator", '_of_axis("cross")'),
        ("test_elementwise_operator", '_of_axis("elementwise")'),
        ("test_formula_of_every_operator_reads_back", "OPERATORS"),
    ],
    "property/test_every_operator.py": [
        ("test_a_value_grows_with_yen_as_its_scale_says", "OPERATORS"),
        ("test_no_later_row_is_read", "USES"),
        ("test_stocks_in_another_order_give_the_same", "USES"),
    ],
    "property/test_streaming.py": [
        ("test_every_operator", "OPERATOR_USES"),
        ("test_codes_that_come_and_go_for_every_operator", "OPERATOR_USES"),
        ("test_a_state_goes_on_under_every_instruction_set", "OPERATOR_USES"),
    ],
}


@pytest.mark.parametrize("file", WALKS)
def test_oracle_and_properties_walk_the_registry(file: str) -> None:
    source = (ROOT / "tests" / file).read_text(encoding="utf-8")
    tests = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    for name, over in WALKS[file]:
        whole = ast.unparse(tests[name]).replace("'", '"')
        assert over in whole, f"{file}: {name} does not run over {over}"
        assert "skip" not in whole
        assert "xfail" not in whole


def test_the_uses_of_the_properties_are_those_of_the_registry() -> None:
    found = all_uses((X, Y, X * Y))
    assert {expr.op for expr in found.values()} >= set(OPERATORS)
    assert {label.rsplit("_", 1)[0] for label in found} == set(OPERATORS)


def _function(name: str) -> Callable[..., Expr] | None:
    """The function that users call for an operator; None for one that is written as a symbol."""
    renamed = {"abs": "abs_", **{f"cs_rank_{method}": "cs_rank" for method in ("min", "dense", "first")}}
    return None if name in SYMBOLS else getattr(ops, renamed.get(name, name))


@pytest.mark.parametrize("name", OPERATORS)
def test_docstring(name: str) -> None:
    """What it is in one line, what its parameters are, where NaN comes from; there, or where it points to."""
    function = _function(name)
    if function is None:
        from jqfast.features.ops import elementwise

        assert f"{SYMBOLS[name]} " in (elementwise.__doc__ or "").replace("`", " ")
        return
    own = inspect.getdoc(function) or ""
    assert re.match(r"[^\n].+[.;:]", own.split("\n\n")[0], re.DOTALL), own
    whole = own + (inspect.getmodule(function).__doc__ or "")
    if "`jqfast.features.ops.rolling`" in whole:
        whole += ops.rolling.__doc__ or ""
    for parameter in inspect.signature(function).parameters.values():
        explained = re.search(rf"\b{parameter.name}\b", whole)
        assert explained or parameter.annotation in ("Expr", "Operand"), (
            f"{name}: `{parameter}` is not explained"
        )
    assert re.search(r"NaN|missing", whole), f"{name}: where is NaN?"


@pytest.mark.usefixtures("repository")
def test_benchmark() -> None:
    from benchmarks.engine.operators import expressions

    measured = expressions()
    assert measured.keys() == OPERATORS.keys()
    assert {name: expr.op for name, expr in measured.items()} == {name: name for name in OPERATORS}
