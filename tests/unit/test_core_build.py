"""The compiled core as installed: which kernels it chooses, what it exports, that it calls no libm function.

A transcendental function of the C library rounds differently from one system to the next, which would break
the promise of identical bits (decision 26); kernel libraries export one symbol, so that the linker can never
mix code of different instruction sets (decision 29).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jqfast import _core

FOLDER = Path(_core.__file__).parent
LIBRARIES = sorted(FOLDER.glob("_kernels_*.so"))
NAMES = (
    "log log2 log10 log1p exp exp2 expm1 pow sin cos tan tanh sinh cosh atan asin acos erf erfc tgamma "
    "lgamma cbrt fma"
)
TRANSCENDENTAL = {f"{name}{suffix}" for name in NAMES.split() for suffix in ("", "f", "l")}


def _symbols(library: Path, *options: str) -> set[str]:
    nm = shutil.which("nm")
    assert nm, "`nm` comes with the compiler that built this package; it is not on the PATH."
    listed = subprocess.run([nm, "-D", *options, str(library)], capture_output=True, text=True, check=True)
    return {line.split()[-1].split("@")[0] for line in listed.stdout.splitlines() if line.strip()}


@pytest.mark.parametrize("library", [Path(_core.__file__), *LIBRARIES], ids=lambda path: path.name)
def test_no_transcendental_function_of_the_c_library_is_called(library: Path) -> None:
    undefined = _symbols(library, "--undefined-only")
    assert len(undefined) > 3
    assert undefined & TRANSCENDENTAL == set()


@pytest.mark.skipif(not LIBRARIES, reason="this processor family has the portable build alone")
def test_kernel_libraries_export_their_table_alone() -> None:
    assert {path.stem for path in LIBRARIES} == {"_kernels_avx2", "_kernels_avx512"}
    for library in LIBRARIES:
        assert _symbols(library, "--defined-only") == {"jqfast_kernels"}


def _isa(wish: str) -> subprocess.CompletedProcess[str]:
    code = "import jqfast; print(jqfast.build_info()['isa'])"
    environment = {**os.environ, "JQFAST_ISA": wish}
    # -P: the current folder may hold the sources, which have no compiled core.
    return subprocess.run(
        [sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("isa", _core.build_info()["supported_isas"])
def test_the_environment_chooses_the_instruction_set(isa: str) -> None:
    answer = _isa(isa)
    assert answer.stdout.strip() == isa, answer.stderr


def test_an_unknown_instruction_set_is_an_error() -> None:
    answer = _isa("avx3")
    assert answer.returncode != 0
    assert "`JQFAST_ISA` must name a build this processor can run (baseline" in answer.stderr
    assert "got `avx3`" in answer.stderr
