"""``python -m benchmarks.engine``: the engine's figures beside its peers, in one table.

    python -m benchmarks.engine [--quick | --rounds 1] [--only std,cs_] [--size 2500x2000] [--peers pandas]

Needs the extra `bench`; peers that are not installed are named and left out. Compiling KunQuant's graphs
takes minutes the first time. The record of a full run is appended to `benchmarks/results/engine.json`.
"""

from __future__ import annotations

import argparse
import os

os.environ["JQFAST_PIN"] = "1"
THREADS = int(os.environ.get("JQFAST_BENCH_THREADS", "2"))
for _name in ("NUMBA_NUM_THREADS", "POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = str(THREADS)  # packages read it when imported

from benchmarks.engine import claims, table  # noqa: E402
from benchmarks.engine.run import Settings, outcome  # noqa: E402
from benchmarks.engine.works import works  # noqa: E402
from benchmarks.panels import medium  # noqa: E402
from benchmarks.peers import ADAPTERS, installed, peers  # noqa: E402
from benchmarks.record import keep  # noqa: E402


def main() -> None:
    """Measure, print, append."""
    options = _options()
    T, N = (int(part) for part in options.size.split("x"))
    panel = medium(T, N)
    there, lacking = installed()
    chosen = [name for name in there if not options.peers or name in options.peers.split(",")]
    rivals = list(peers(chosen))
    rounds = 1 if options.quick else options.rounds
    settings = Settings(THREADS, seconds=0.2 if options.quick else 1.0, slow_rounds=rounds)
    where = table.conditions(THREADS, panel)
    rows, entries = [], []
    for work in works():
        if _wanted(work.name, options.only):
            entries.append(table.record(outcome(work, panel, rivals, settings), where["copy_gb_s"]))
            rows.append(table.line(entries[-1]))
            print(f"{entries[-1]['work']:>16} {entries[-1]['ours_ms']:10.2f} ms", flush=True)
    asked = [claim for name, claim in claims.CLAIMS.items() if _wanted(name, options.only)]
    notes = claims.derived(entries) + [note for claim in asked for note in claim(panel, settings)]
    print("\n" + table.heading(where) + "\n" + table.render(rows))
    print("\n".join(note["text"] for note in notes))
    print(table.summary(entries, notes))
    print("".join(f"not installed, left out: {ADAPTERS[name]}\n" for name in lacking), end="")
    if options.save:
        keep("engine", {**where, "rounds": rounds, "works": entries, "claims": notes})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one round of everything, nothing is saved")
    parser.add_argument("--only", default="", help="names or beginnings of names, separated by commas")
    parser.add_argument("--size", default="2500x2000", help="sessions x stocks; only the default is saved")
    parser.add_argument("--rounds", type=int, default=3, help="fewest rounds, of what takes a second or more")
    parser.add_argument("--peers", default="", help="adapters, separated by commas; default all installed")
    options = parser.parse_args()
    options.save = not (options.quick or options.only or options.peers) and options.size == "2500x2000"
    return options


def _wanted(name: str, only: str) -> bool:
    return not only or any(name.startswith(part) for part in only.split(","))


if __name__ == "__main__":
    main()
