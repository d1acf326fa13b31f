"""Plan texts under version control: no pass changes what the executor is given without a visible line."""

from __future__ import annotations

import difflib
import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("make_plans.py")
MODULE = runpy.run_path(str(SCRIPT))
CASES = MODULE["cases"]()
FOLDER: Path = MODULE["FOLDER"]


@pytest.mark.parametrize("name", CASES)
def test_plan_is_the_golden_one(name: str) -> None:
    kept = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    made = MODULE["text"](CASES[name])
    difference = "\n".join(
        difflib.unified_diff(kept.splitlines(), made.splitlines(), "kept", "made", lineterm="")
    )
    assert not difference, f"{difference}\nIf this is meant: python tests/golden/make_plans.py"


def test_no_file_without_a_case() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_the_core_accepts_it(name: str) -> None:
    from jqfast import _core

    text = "\n".join(line for line in MODULE["text"](CASES[name]).splitlines() if not line.startswith("#"))
    assert _core.Plan(text).outputs == len(CASES[name])
