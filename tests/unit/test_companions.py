"""Every operator has a kernel, a reference, an oracle, a property test, a docstring and a benchmark.

The reference and the oracle walk the registry in `tests/oracle`, streaming and look-ahead in
`tests/property`, docstrings in `test_expr.py`; here the kernels and the benchmarks are counted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jqfast import _core
from jqfast.features.operators import OPERATORS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`benchmarks` importable, behind the installed package."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT)])
    monkeypatch.setenv("JQFAST_PIN", "0")  # restored afterwards: the module sets it
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "benchmarks"]:
        del sys.modules[name]


def test_every_operator_has_a_kernel() -> None:
    kernels = {operator.instruction for operator in OPERATORS.values()}
    assert kernels == set(_core.operators()) - {"input"}


@pytest.mark.usefixtures("repository")
def test_every_operator_has_a_benchmark() -> None:
    from benchmarks.engine.operators import expressions

    measured = expressions()
    assert measured.keys() == OPERATORS.keys()
    assert {name: expr.op for name, expr in measured.items()} == {name: name for name in OPERATORS}
