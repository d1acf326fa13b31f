"""How much memory is left, and the refusal of a result that would not fit.

Linux alone is asked: the kernel's estimate for the machine, and the limit of the process's cgroup (version 2
or 1) less what is in use there and cannot be dropped. Elsewhere nothing is known and nothing is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

#: Results below this many bytes are made without asking.
SMALL = 64 << 20

_CGROUPS = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
)


def available_memory(root: Path = Path("/")) -> int | None:
    """Bytes that can still be had without swapping; None where the system does not tell."""
    known = [
        left for left in (_machine(root), *(_cgroup(root, *files) for files in _CGROUPS)) if left is not None
    ]
    return min(known, default=None)


def require_memory(need: int, shape: Sequence[int], dtype: str) -> None:
    """Nothing, or the error that says what a result of ``shape`` needs and how to do without.

    Raises
    ------
    MemoryError
        If ``need`` bytes are more than is left.
    """
    if need < SMALL:
        return
    left = available_memory()
    if left is not None and need > left:
        raise MemoryError(
            f"The result {' x '.join(map(str, shape))} in {dtype} needs {need / 1e9:.2f} GB; "
            f"{max(left, 0) / 1e9:.2f} GB of memory are left. Write it to a file chunk by chunk: "
            'jqfast.features.write(panel, features, "features.parquet").'
        )


def _machine(root: Path) -> int | None:
    table = _table(root / "proc/meminfo", ":")
    return table["MemAvailable"] * 1024 if "MemAvailable" in table else None


def _cgroup(root: Path, limit: str, usage: str, droppable: str) -> int | None:
    folder = root / "sys/fs/cgroup"
    most, used = _number(folder / limit), _number(folder / usage)
    if most is None or used is None:
        return None
    stat = _table((folder / limit).parent / "memory.stat", " ")
    return most - used + stat.get(droppable, 0)


def _number(path: Path) -> int | None:
    """The number in a file; None for no file, or no limit."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _table(path: Path, separator: str) -> dict[str, int]:
    """Lines of a name and a number."""
    found = {}
    try:
        for line in path.read_text(encoding="ascii").splitlines():
            name, _, rest = line.partition(separator)
            words = rest.split()
            if words and words[0].isdigit():
                found[name.strip()] = int(words[0])
    except OSError:
        return {}
    return found
