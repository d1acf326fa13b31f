"""LRP against what zennit and captum compute; `make_lrp_peers.py` made the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jqfast.explain import Rule, lrp_dense

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("lrp_peers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", GOLDEN["relevance"])
def test_peers_agree_where_they_implement_the_same_rule(case: str) -> None:
    _, rule, activation = case.split()
    weights, biases = ([np.array(a) for a in GOLDEN[key]] for key in ("weights", "biases"))
    got = lrp_dense(
        np.array(GOLDEN["x"]),
        weights,
        biases,
        [activation, activation, "linear"],
        rule=Rule(rule, epsilon=GOLDEN["epsilon"]),  # type: ignore[arg-type]  # a name from the file
        output=GOLDEN["output"],
        dtype="float64",
    )
    want = np.array(GOLDEN["relevance"][case])
    scale = np.abs(want).max(axis=1, keepdims=True)
    assert (np.abs(got - want) <= 1e-9 * scale).all(), np.abs((got - want) / scale).max()


def test_every_peer_and_activation_is_there() -> None:
    assert len(GOLDEN["relevance"]) == 14
