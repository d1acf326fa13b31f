"""The history of a benchmark's figures: a JSON list per file, each entry with what its figures depend on."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jqfast
from benchmarks.machine import cpu, load

RESULTS = Path(__file__).parent / "results"

_LINE = 100

#: Of the minute before the benchmark began, which later includes the benchmark itself.
_LOAD_BEFORE = round(load(), 2)


def conditions(packages: Sequence[str] = ()) -> dict[str, Any]:
    """What every figure depends on; ``packages`` are those whose versions matter, absent ones left out."""
    core = jqfast.build_info()
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "jqfast": jqfast.__version__,
        "cpu": cpu(),
        "isa": core["isa"],
        "threads": core["threads"],
        "python": platform.python_version(),
        "load_average": _LOAD_BEFORE,
        "versions": {name: found for name in packages if (found := _version(name))},
    }


def keep(
    name: str, *entries: Mapping[str, Any], packages: Sequence[str] = (), folder: Path = RESULTS
) -> dict[str, Any]:
    """Append entries to the history ``name`` under the conditions, which an entry may state otherwise.

    Returns
    -------
    The last entry as it was written; all are printed, but for values that take more than a line.
    """
    known = conditions(packages)
    made = [{**known, **entry} for entry in entries]
    path = folder / f"{name}.json"
    folder.mkdir(exist_ok=True)
    history = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps([*history, *made], indent=1) + "\n", encoding="utf-8")
    part.replace(path)
    for entry in made:
        lines = {key: str(value) for key, value in entry.items()}
        print("\n" + "\n".join(f"{key:>30}  {line}" for key, line in lines.items() if len(line) <= _LINE))
    return made[-1]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
