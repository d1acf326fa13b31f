"""Writes `feature_manifest.tsv`: every fact of every catalogue feature, one line each.

    python tests/golden/make_feature_manifest.py

Run it after a deliberate change of the catalogue and say in the commit why each line of the difference
changed: a saved model expects the features it was trained on.
"""

from __future__ import annotations

from pathlib import Path

from jqfast.features.declare import registry

PATH = Path(__file__).with_name("feature_manifest.tsv")
COLUMNS = (
    "name",
    "family",
    "kind",
    "formula",
    "lookback",
    "first_row",
    "missing",
    "axis",
    "unit",
    "timing",
    "norm",
    "clip",
    "level",
    "req",
    "doc",
    "purpose",
    "reference",
)


def manifest() -> str:
    """The table as text, features in the order of the registry."""
    lines = ["\t".join(COLUMNS)]
    for feature in registry.features.values():
        facts = {
            "formula": str(feature.expr),
            "lookback": f"{feature.lookback:g}",
            "first_row": str(feature.first_row),
            "missing": feature.nan_rule,
            "axis": feature.expr.axis,
            "norm": str(feature.treatment),
            "clip": "" if feature.clip is None else f"{feature.clip:g}",
            "level": "level" if feature.level else "",
        }
        lines.append(
            "\t".join(facts[column] if column in facts else getattr(feature, column) for column in COLUMNS)
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PATH.write_text(manifest(), encoding="utf-8")
