"""``python -m benchmarks.engine.readme``: the README's engine table, from the last record of the history.

Writes between the markers and refuses a record that was measured while the machine was busy.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.engine.table import readme
from benchmarks.machine import QUIET

README = Path(__file__).parents[2] / "README.md"
RESULTS = Path(__file__).parents[1] / "results" / "engine.json"
BEGIN, END = "<!-- engine-table -->", "<!-- /engine-table -->"


def main() -> None:
    """Replace the block; say why not when it cannot be done."""
    if not RESULTS.exists():
        sys.exit("no history yet: run `python -m benchmarks.engine`")
    last = json.loads(RESULTS.read_text())[-1]
    if last["load_average"] >= QUIET:
        sys.exit(f"the last record was measured at a load of {last['load_average']}; below {QUIET} is needed")
    README.write_text(replaced(README.read_text(), readme(last)))


def replaced(text: str, block: str) -> str:
    """``text`` with the block between its markers."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        sys.exit(f"README.md must have {BEGIN} and {END} once")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{block}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    main()
