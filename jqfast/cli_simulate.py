"""``jqfast simulate``: a simulated market as a store with every table of J-Quants."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Annotated

import typer


def simulate_command(  # the options of the command line are its parameters
    store: Annotated[Path, typer.Option(help="Folder of the store; new or empty.")],
    stocks: Annotated[int, typer.Option(help="Number of issues over the whole span.")] = 300,
    years: Annotated[float, typer.Option(help="Length in years, back from October 2026.")] = 8.0,
    null: Annotated[
        str, typer.Option(help="pure: nothing to find; frictions: nothing but ticks, limits, delistings.")
    ] = "",
    seed: Annotated[int, typer.Option(help="The same seed and sizes give the same store.")] = 7,
    strength: Annotated[float, typer.Option(help="Multiple of the planted effects, 0 to 3.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a simulated market as a store: all tables, known effects or none, the truth beside it."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast.data.simulator import SimulateConfig, write
        from jqfast.data.simulator.truth import describe

        config = SimulateConfig(
            stocks=stocks,
            years=years,
            seed=seed,
            null=null or None,  # type: ignore[arg-type]  # checked by the configuration
            strength=strength,
        )
        if not as_json:
            typer.echo(f"{store}: {describe(config)}")
        started = time.perf_counter()
        truth = write(store, config, progress=lambda step: typer.echo(f"  {step}", err=True))
        if as_json:
            ic = None if math.isnan(truth.oracle_ic) else truth.oracle_ic
            facts = {"store": str(store), "what": describe(config), "oracle_rank_ic_5d": ic}
            typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
            return
        typer.echo(f"written in {time.perf_counter() - started:.0f} s")
        if not math.isnan(truth.oracle_ic):
            typer.echo(f"RankIC of the oracle at 5 days: {truth.oracle_ic:.3f}")
