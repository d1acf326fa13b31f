"""The code base itself: tools are clean and awake, layers point one way, the stub tells the truth, paths are
relative.

Each tool is also fed one bad line, so that a tool that reads no configuration cannot pass in silence.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import jqfast

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "jqfast"
CHECKED = ("jqfast", "tests", "benchmarks")

#: Lower rooms first. A module may import its own room, those before it, and the ground floor.
ROOMS = ("data", "features", "learn", "factors", "evaluate", "explain", "report")
GROUND = ("errors", "files", "memory", "toml", "types", "_core")
ROOF = (
    *("artifacts", "assemble", "cli", "cli_compare", "cli_evaluate", "cli_examples", "cli_explain"),
    *("cli_features", "cli_production", "cli_simulate", "cli_store", "cli_sync", "cli_train"),
    *("comparison", "config", "evaluation", "explained", "finished", "formulas", "judge", "ledger"),
    *("factor_member", "load", "members", "monitor", "oracle", "pipeline", "production", "progress"),
    *("provenance", "runfolder"),
    *("search", "single", "summary", "trust", "trust_stage", "__main__"),
)

#: What `import jqfast` must not pull in: each costs more than its whole budget, or is not always there.
HEAVY = ("pandas", "pyarrow", "jax", "optax", "matplotlib", "scipy", "rich", "typer", "exchange_calendars")


def _run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True, check=False)


def _python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


# Tools


def test_ruff_finds_nothing() -> None:
    result = _run("-m", "ruff", "check", *CHECKED)
    assert result.returncode == 0, result.stdout + result.stderr


def test_everything_is_formatted() -> None:
    result = _run("-m", "ruff", "format", "--check", *CHECKED)
    assert result.returncode == 0, result.stdout + result.stderr


def test_types_are_strict() -> None:
    result = _run("-m", "mypy")
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"no issues found in \d{2,} source files", result.stdout), result.stdout


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("import os", "F401"),
        ("def f(x=[]): return x", "B006"),
        ("print(1)", "T201"),
        ("x = list([i for i in range(3)])", "C411"),
        (f"x = {'1' * 120}", "E501"),
    ],
)
def test_ruff_is_awake(line: str, rule: str, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(line + "\n")
    command = ("check", "--no-cache", "--config", str(ROOT / "pyproject.toml"), str(tmp_path))
    result = _run("-m", "ruff", *command)
    assert result.returncode == 1
    assert rule in result.stdout


def test_the_formatter_is_awake(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("x = {'a':1}\n")
    command = ("format", "--no-cache", "--check", "--config", str(ROOT / "pyproject.toml"), str(tmp_path))
    assert _run("-m", "ruff", *command).returncode == 1


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("def f(x): return x", "no-untyped-def"),
        ("x: int = 'a'", "assignment"),
        ("def f() -> int:\n    return 1\n    print('never')", "unreachable"),
    ],
)
def test_mypy_is_awake(line: str, rule: str, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(line + "\n")
    command = (
        "--config-file",
        str(ROOT / "pyproject.toml"),
        "--cache-dir",
        str(tmp_path),
        str(tmp_path / "bad.py"),
    )
    result = _run("-m", "mypy", *command)
    assert result.returncode == 1
    assert f"[{rule}]" in result.stdout


# Layers


def _imports(tree: ast.Module, package: tuple[str, ...]) -> Iterator[str]:
    """Every jqfast module a file imports, inside functions too; ``package`` resolves relative imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "jqfast")
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            if module == "jqfast":
                yield from (f"jqfast.{alias.name}" for alias in node.names)
            elif module.startswith("jqfast."):
                yield module


def _wrong_imports(path: Path, text: str) -> list[str]:
    """The imports of a file that point upwards."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    room = parts[1]
    if room in ROOF or parts == ("jqfast", "__init__"):
        return []
    allowed = set(GROUND) | (set(ROOMS[: ROOMS.index(room) + 1]) if room in ROOMS else set())
    found = _imports(ast.parse(text), parts[:-1])
    return [f"{path.relative_to(ROOT)} imports {name}" for name in found if name.split(".")[1] not in allowed]


def test_lower_rooms_do_not_import_higher_ones() -> None:
    files = _python_files("jqfast")
    wrong = [line for path in files for line in _wrong_imports(path, path.read_text(encoding="utf-8"))]
    assert wrong == []
    assert len(files) > 30


def test_every_module_has_a_room() -> None:
    names = {path.stem if path.is_file() else path.name for path in SOURCE.iterdir()}
    names -= {"__init__", "__pycache__", "py", "CHANGELOG", "configs"}
    assert {name for name in names if not name.startswith("_kernels")} <= {*ROOMS, *GROUND, *ROOF}


@pytest.mark.parametrize(
    "line",
    [
        "from jqfast.learn import labels",
        "import jqfast.pipeline",
        "from jqfast import report",
        "def f():\n    from jqfast.explain.lrp import lrp_dense",
        "from ..learn import folds",
    ],
)
def test_the_layer_check_is_awake(line: str) -> None:
    assert len(_wrong_imports(SOURCE / "features" / "api.py", line)) == 1
    assert _wrong_imports(SOURCE / "features" / "api.py", "from jqfast.data.panel import Panel") == []


# Import cost


def test_import_jqfast_is_light(tmp_path: Path) -> None:
    code = f"import sys, jqfast; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    result = _run("-c", code, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == []


def test_every_public_name_can_be_had() -> None:
    assert [name for name in jqfast.__all__ if getattr(jqfast, name, None) is None] == []
    with pytest.raises(AttributeError, match="has no attribute `nothing`"):
        _ = jqfast.nothing


# The stub of the compiled module


def _stub_members(body: list[ast.stmt]) -> dict[str, list[str] | None]:
    """Public names of a stub body: a function's parameters, None for anything else."""
    members: dict[str, list[str] | None] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            is_property = any(isinstance(d, ast.Name) and d.id == "property" for d in node.decorator_list)
            members[node.name] = None if is_property else [argument.arg for argument in arguments]
        elif isinstance(node, ast.ClassDef):
            members[node.name] = None
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            members[node.target.id] = None
    return {name: value for name, value in members.items() if not name.startswith("_") or name == "__init__"}


def _bound_members(owner: object) -> dict[str, list[str] | None]:
    """The same of a compiled module or class, parameters read from the signature pybind11 writes."""
    members: dict[str, list[str] | None] = {}
    for name in dir(owner):
        if name.startswith("_") and not (name == "__init__" and inspect.isclass(owner)):
            continue
        value = getattr(owner, name)
        if name == "__init__" and not (value.__doc__ or "").startswith("__init__("):
            continue  # made by functions only
        members[name] = _parameters(value) if callable(value) and not inspect.isclass(value) else None
    return members


def _parameters(function: object) -> list[str]:
    first = (inspect.getdoc(function) or "").splitlines()[0]
    inside = first[first.index("(") + 1 : first.rindex(")")]
    depth, pieces = 0, [""]
    for letter in inside:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += letter
    names = [piece.split(":")[0].split("=")[0].strip() for piece in pieces]
    return [name for name in names if name not in ("", "*", "/")]


def _stub() -> ast.Module:
    return ast.parse((SOURCE / "_core.pyi").read_text(encoding="utf-8"))


def test_the_stub_names_what_the_module_has() -> None:
    core = importlib.import_module("jqfast._core")
    stub = _stub_members(_stub().body)
    assert stub == _bound_members(core)
    assert len(stub) >= 4


def test_the_stub_names_what_the_classes_have() -> None:
    core = importlib.import_module("jqfast._core")
    classes = [node for node in _stub().body if isinstance(node, ast.ClassDef)]
    for node in classes:
        bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
        if not any(base.endswith("Error") for base in bases):
            assert _stub_members(node.body) == _bound_members(getattr(core, node.name)), node.name


# The repository


def _text_files() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    listed = [ROOT / name for name in names.split("\0") if name]
    files = listed or [path for folder in (*CHECKED, "cpp") for path in (ROOT / folder).rglob("*.?pp")]
    return [
        path
        for path in files
        if path.is_file() and path.suffix not in {".png", ".parquet", ".npz", ".safetensors"}
    ]


#: Folders of one machine, written in pieces so that this file is clean itself.
_ABSOLUTE = re.compile(r"(?<![\w.~:/-])/(?:" + "|".join(("work", "root", "home", "farm", "Users")) + r")/\w")


def test_no_path_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in _text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if _ABSOLUTE.search(line)
    ]
    assert found == []


def test_the_path_check_is_awake() -> None:
    assert _ABSOLUTE.search('open("/' + 'home/me/prices.csv")')
    assert not _ABSOLUTE.search("https://example.org/home/page and ./work/x")


def _sizes(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > 600 and path.parent.name != "catalog":
        yield f"{path.relative_to(ROOT)} has {lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and (length := (node.end_lineno or 0) - node.lineno + 1) > 100:
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {length} lines"


def test_files_and_functions_stay_readable() -> None:
    assert [line for path in _python_files(*CHECKED) for line in _sizes(path)] == []


def test_the_installed_package_is_this_source() -> None:
    """A stale install would test old code, an incomplete wheel would fail its users."""
    installed = Path(jqfast.__file__).parent  # an editable install is the source
    kinds = (".py", ".pyi", ".toml", ".md", ".typed")
    source = [path for path in SOURCE.rglob("*") if path.suffix in kinds or path.name == "py.typed"]
    differ = [
        str(path.relative_to(SOURCE))
        for path in source
        if not (there := installed / path.relative_to(SOURCE)).is_file()
        or there.read_bytes() != path.read_bytes()
    ]
    assert differ == []
    assert {"py.typed", "_core.pyi", "CHANGELOG.md"} <= {str(path.relative_to(SOURCE)) for path in source}


def test_the_readme_has_the_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in (
        "pip install . && jqfast run",
        "pip install '.[test]' && pytest",
        "jqfast run --prices path/to/prices.parquet",
    ):
        assert command in text, command


def test_the_version_is_the_same_everywhere() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{jqfast.__version__}"' in text
