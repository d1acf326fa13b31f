"""The one table a run prints, and the record it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks import machine
from benchmarks.engine.compare import Measured, best
from benchmarks.engine.run import Outcome
from benchmarks.record import conditions as known

PACKAGES = ("numpy", "pandas", "polars", "bottleneck", "numbagg", "TA-Lib", "KunQuant")
HEADER = (
    "work", "ours ms", "+-", "fresh", "floor", "best right peer", "its ms", "ratio", "pandas x", "error",
    "NaN!=", "MB", "goals", "everybody (ms; ! not equal to ours, ~ layout of its own)",
)  # fmt: skip
LEFT = (0, 5, 12)  # columns of words


def conditions(threads: int, panel: Any) -> dict[str, Any]:
    """What a figure depends on."""
    return {
        **known(PACKAGES),
        "threads": threads,
        "copy_gb_s": round(machine.copy_bandwidth(threads), 1),
        "sessions": panel.shape[0],
        "stocks": panel.shape[1],
    }


def record(outcome: Outcome, copy_gb_s: float) -> dict[str, Any]:
    """One work of the JSON history."""
    goals = []
    for goal in outcome.work.goals:
        rival = best(outcome.peers, goal.rival)
        goals.append(
            {
                "rival": goal.rival,
                "goal": goal.times,
                "times": None if rival is None else round(rival.ratio, 2),
                "peer": None if rival is None else rival.mode.label,
                "met": None if rival is None else rival.ratio >= goal.times,
            }
        )
    return {
        "work": outcome.work.name,
        "claim": outcome.work.claim,
        "ours_ms": round(outcome.given.median, 3),
        "spread_ms": round(outcome.given.spread, 3),
        "fresh_ms": round(outcome.fresh.median, 3),
        "floor_ms": round(outcome.floor / copy_gb_s, 3),
        "memory_mb": round(outcome.memory, 1),
        "goals": goals,
        "peers": {m.mode.label: _peer(m) for m in outcome.peers},
    }


def _peer(m: Measured) -> dict[str, Any]:
    return {
        "ms": round(m.timing.median, 3),
        "spread_ms": round(m.timing.spread, 3),
        "ratio": round(m.ratio, 2),
        "layout": m.mode.layout,
        "dtype": m.mode.dtype,
        "right": m.agreement.right,
        "error": float(f"{m.agreement.error:.2e}"),
        "nan_mismatches": m.agreement.gaps,
        "wrong_cells": m.agreement.wrong,
        "wrong_most": m.agreement.worst if m.agreement.wrong else "",
        "memory_mb": round(m.memory, 1),
    }


def line(entry: dict[str, Any]) -> tuple[str, ...]:
    """The cells of one work."""
    peers = entry["peers"]
    plain = {label: peer for label, peer in peers.items() if _counts(peer)}
    name = min(plain, key=lambda label: plain[label]["ratio"], default="")
    checked = plain.get(name) or min(peers.values(), key=lambda peer: peer["wrong_cells"], default=None)
    return (
        entry["work"],
        _number(entry["ours_ms"]),
        _number(entry["spread_ms"]),
        _number(entry["fresh_ms"]),
        _number(entry["floor_ms"]),
        name or "-",
        _number(plain[name]["ms"]) if name else "-",
        f"{plain[name]['ratio']:.1f}x" if name else "-",
        f"{peers['pandas']['ratio']:.0f}x" if "pandas" in peers else "-",
        f"{checked['error']:.0e}" if checked else "-",
        str(checked["nan_mismatches"]) if checked else "-",
        f"{entry['memory_mb']:.0f}",
        ", ".join(_goal(goal) for goal in entry["goals"]) or "-",
        ", ".join(f"{label} {_number(p['ms'])}{_mark(p)}" for label, p in peers.items()),
    )


def _counts(peer: dict[str, Any]) -> bool:
    """Right on gaps, in plain T x N float64."""
    return bool(peer["right"]) and peer["layout"] == "plain" and peer["dtype"] == "float64"


def _goal(goal: dict[str, Any]) -> str:
    if goal["times"] is None:
        return f"{goal['rival']} -"
    word = "" if goal["met"] else " MISS"
    return f"{goal['rival']} {goal['times']:.1f}/{goal['goal']:g}{word}"


def summary(entries: Sequence[dict[str, Any]], notes: Sequence[dict[str, Any]]) -> str:
    """How many goals are met, and those that are not; a goal without a peer to judge by counts as neither."""
    goals = [(entry["work"], goal) for entry in entries for goal in entry["goals"] if goal["met"] is not None]
    missed = [f"{work} ({_goal(goal)})" for work, goal in goals if not goal["met"]]
    missed += [note["text"] for note in notes if not note["met"]]
    count = len(goals) + len(notes)
    return "\n".join([f"{count - len(missed)} of {count} goals met", *(f"missed: {text}" for text in missed)])


def _mark(peer: dict[str, Any]) -> str:
    return ("" if peer["right"] else "!") + ("~" if peer["layout"] == "blocked" else "")


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def heading(where: dict[str, Any]) -> str:
    """One line on the conditions."""
    warning = " (BUSY: figures mean little)" if where["load_average"] > machine.QUIET else ""
    speed = f"copy {where['copy_gb_s']} GB/s, load {where['load_average']}{warning}"
    return (
        f"{where['sessions']:,} x {where['stocks']:,} cells, {where['cpu']}, {where['isa']}, "
        f"{where['threads']} pinned threads, {speed}"
    )


def readme(entry: dict[str, Any]) -> str:
    """The Markdown table of one record of the history."""
    lines = [
        "| work | ours, ms | best peer that is right on gaps | ratio | pandas | copying the bytes, ms |",
        "|---|---:|---|---:|---:|---:|",
    ]
    for work in entry["works"]:
        cells = line(work)
        cell = dict(zip(HEADER, cells, strict=True))
        peer = f"{cell['best right peer']} {cell['its ms']} ms" if cell["best right peer"] != "-" else "-"
        times = cell["ratio"].replace("x", " x"), cell["pandas x"].replace("x", " x")
        lines.append(
            f"| `{work['work']}` | {cell['ours ms']} | {peer} | {' | '.join(times)} | {cell['floor']} |"
        )
    lines += ["", *(f"- {note['text']}" for note in entry["claims"])]
    lines += [f"- {line}" for line in summary(entry["works"], entry["claims"]).splitlines()]
    return f"{heading(entry)} ({entry['when'][:10]}).\n\n" + "\n".join(lines)


def render(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> str:
    """Columns aligned; the last one runs on."""
    widths = [max(len(row[k]) for row in (header, *rows)) for k in range(len(header) - 1)]
    lines = []
    for row in (header, *rows):
        cells = [
            cell.ljust(width) if k in LEFT else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return "\n".join(lines)
