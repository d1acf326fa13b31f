"""Relevances by zennit and captum, as they compute them, for `test_lrp_peers.py`.

    python tests/golden/make_lrp_peers.py        (needs torch, zennit and captum; the tests need none of them)

A small net in float64 with biases; each rule in all layers. Stabilisers are set to the epsilon of our rule.
captum's own rule for positive weights leaves the bias out and is not compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from captum.attr import LRP
from captum.attr._utils.lrp_rules import EpsilonRule
from zennit.attribution import Gradient
from zennit.composites import LayerMapComposite
from zennit.rules import AlphaBeta, Epsilon, Flat, Gamma, Pass, WSquare, ZPlus

EPS = 1e-3
GOLDEN = Path(__file__).with_name("lrp_peers.json")
RULES: dict[str, Callable[[], Any]] = {
    "epsilon": lambda: Epsilon(epsilon=EPS),
    "zplus": lambda: ZPlus(stabilizer=EPS),
    "alphabeta": lambda: AlphaBeta(alpha=2, beta=1, stabilizer=EPS),
    "gamma": lambda: Gamma(gamma=0.25, stabilizer=1e-12),
    "wsquare": lambda: WSquare(stabilizer=EPS),
    "flat": lambda: Flat(stabilizer=EPS),
}


def make_model(weights: list[np.ndarray], biases: list[np.ndarray], activation: str) -> torch.nn.Sequential:
    modules: list[torch.nn.Module] = []
    for w, b in zip(weights, biases, strict=True):
        linear = torch.nn.Linear(*w.shape, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(w.T.copy()))
            linear.bias.copy_(torch.from_numpy(b))
        modules += [linear, torch.nn.Tanh() if activation == "tanh" else torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1])


def by_zennit(model: torch.nn.Sequential, rule: Any, x: np.ndarray, output: int) -> np.ndarray:
    passing = [(kind, Pass()) for kind in (torch.nn.Tanh, torch.nn.ReLU)]
    composite = LayerMapComposite([*passing, (torch.nn.Linear, rule)])
    chosen = torch.eye(model[-1].out_features, dtype=torch.float64)[output]
    with Gradient(model=model, composite=composite) as attributor:
        _, relevance = attributor(torch.from_numpy(x), lambda y: y * chosen)
    return relevance.detach().numpy()


def by_captum(model: torch.nn.Sequential, x: np.ndarray, output: int) -> np.ndarray:
    for module in model:
        if isinstance(module, torch.nn.Linear):
            module.rule = EpsilonRule(epsilon=EPS)
    return LRP(model).attribute(torch.from_numpy(x), target=output).detach().numpy()


def main() -> None:
    rng = np.random.default_rng(3)
    sizes = [(6, 7), (7, 5), (5, 3)]
    weights = [rng.standard_normal(shape) / np.sqrt(shape[0]) for shape in sizes]
    biases = [0.3 * rng.standard_normal(shape[1]) for shape in sizes]
    x = rng.standard_normal((8, 6))
    x[0, :3] = 0.0
    results: dict[str, Any] = {}
    for activation in ("tanh", "relu"):
        for name, make in RULES.items():
            model = make_model(weights, biases, activation)
            results[f"zennit {name} {activation}"] = by_zennit(model, make(), x, 1).tolist()
        results[f"captum epsilon {activation}"] = by_captum(
            make_model(weights, biases, activation), x, 1
        ).tolist()
    record = {
        "versions": {name: version(name) for name in ("torch", "zennit", "captum")},
        "epsilon": EPS,
        "output": 1,
        "weights": [w.tolist() for w in weights],
        "biases": [b.tolist() for b in biases],
        "x": x.tolist(),
        "relevance": results,
    }
    GOLDEN.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
