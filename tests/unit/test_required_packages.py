"""A run that must skip nothing ends at once where a package of the extra [test] is missing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]

#: Collects this file in an interpreter that cannot import tenacity.
CODE = """
import sys
sys.modules["tenacity"] = None
import pytest
sys.exit(pytest.main(["-p", "no:cacheprovider", "--collect-only", *sys.argv[1:]]))
"""


def _skipped_without(path: Path) -> list[str]:
    """The names in calls of `pytest.importorskip`."""
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    called = [call for call in calls if ast.unparse(call.func).endswith("importorskip")]
    return [call.args[0].value for call in called if isinstance(call.args[0], ast.Constant)]


def test_every_package_that_tests_skip_without_is_required() -> None:
    tree = ast.parse((TESTS / "conftest.py").read_text("utf-8"))
    values = {ast.unparse(n.targets[0]): n.value for n in tree.body if isinstance(n, ast.Assign)}
    required = {node.value for node in ast.walk(values["SKIPPED_WITHOUT"]) if isinstance(node, ast.Constant)}
    assert {name for path in TESTS.rglob("*.py") for name in _skipped_without(path)} == required


@pytest.mark.parametrize(("options", "status"), [([], 0), (["--require-real-data"], 4)])
def test_a_missing_package_ends_a_run_that_must_not_skip(options: list[str], status: int) -> None:
    command = [sys.executable, "-P", "-c", CODE, *options, __file__]
    ended = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, check=False)
    assert ended.returncode == status, ended.stdout + ended.stderr
    told = "lets no test skip, and tenacity cannot be imported: pip install '.[test]'"
    assert (told in ended.stderr) == bool(options)
