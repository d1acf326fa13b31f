"""One example for each command, printed at the end of its help; a test reads them back."""

from __future__ import annotations

import typer

EXAMPLES = {
    "run": "jqfast run --prices prices.parquet --config price_only",
    "sync": "jqfast sync --store ./jq --from 2016-01-01",
    "import": "jqfast import bulk/*.csv.gz --store ./jq",
    "simulate": "jqfast simulate --store ./sim --stocks 300 --years 8",
    "store check": "jqfast store check ./jq --json",
    "store compact": "jqfast store compact ./jq",
    "features list": "jqfast features list --set technical",
    "features describe": "jqfast features describe rsi",
    "features explain": "jqfast features explain rsi --store ./sim --code 72030 --date 2024-05-10",
    "features quality": "jqfast features quality --store ./sim",
    "features map": "jqfast features map --json",
    "features reference": "jqfast features reference",
    "audit": "jqfast audit --store ./sim",
    "train": "jqfast train reference --store ./jq --out runs",
    "search": "jqfast search my.toml --set search.folds=2",
    "compare": "jqfast compare --french ./french",
    "evaluate": "jqfast evaluate scores.csv --prices prices.parquet",
    "explain": "jqfast explain runs/jp --code 4502 --date 2024-05-10 --horizon 20 --png why.png",
    "report": "jqfast report runs/jp --language ja",
    "update": "jqfast update runs/jp",
    "predict": "jqfast predict runs/jp --json",
    "health": "jqfast health runs/jp",
    "retrain": "jqfast retrain runs/jp",
    "build-info": "jqfast build-info",
}


def add_examples(app: typer.Typer, before: str = "") -> None:
    """Put the examples below the help of the commands of an app, sub-commands included."""
    for command in app.registered_commands:
        example = EXAMPLES.get(f"{before}{command.name}")
        if example is not None:
            command.epilog = f"Example: {example}"
    for group in app.registered_groups:
        if group.typer_instance is not None:
            add_examples(group.typer_instance, f"{before}{group.name} ")
