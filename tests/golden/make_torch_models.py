"""Write the answers of PyTorch that `tests/oracle/test_torch_oracle.py` compares ours with.

    python tests/golden/make_torch_models.py

PyTorch is in no extra; any version with `nn.LSTM` will do. Everything is float64. Weights are stored in our
layout: (inputs, outputs), gates in the order i, f, g, o, one bias per layer where PyTorch has two.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

OUT = Path(__file__).with_name("torch_models.npz")
B, L, I, H, O = 7, 6, 5, 4, 3  # noqa: E741 - the letters of the field
torch.set_default_dtype(torch.float64)


def mlp(activation: type[nn.Module]) -> dict[str, np.ndarray]:
    """A perceptron I-8-4-O with its mean squared error and all gradients."""
    net = nn.Sequential(nn.Linear(I, 8), activation(), nn.Linear(8, 4), activation(), nn.Linear(4, O))
    x, y = torch.randn(B, I), torch.randn(B, O)
    out = net(x)
    loss = nn.functional.mse_loss(out, y)
    loss.backward()
    found = {"x": x, "y": y, "out": out, "loss": loss}
    for place, layer in enumerate(part for part in net if isinstance(part, nn.Linear)):
        found |= {f"w{place}": layer.weight.T, f"b{place}": layer.bias}
        found |= {f"dw{place}": layer.weight.grad.T, f"db{place}": layer.bias.grad}
    return {name: value.detach().numpy() for name, value in found.items()}


def lstm(layers: int) -> dict[str, np.ndarray]:
    """Stacked LSTM layers and a head on the last state, with the Huber loss and all gradients."""
    net, head = nn.LSTM(I, H, layers, batch_first=True), nn.Linear(H, O)
    x, y = torch.randn(B, L, I), torch.randn(B, O)
    out = head(net(x)[0][:, -1])
    loss = 2 * nn.functional.huber_loss(out, y)  # ours is scaled so that small errors count as squared
    loss.backward()
    found = {"x": x, "y": y, "out": out, "loss": loss}
    for n in range(layers):
        w_x, w_h = getattr(net, f"weight_ih_l{n}"), getattr(net, f"weight_hh_l{n}")
        b_x, b_h = getattr(net, f"bias_ih_l{n}"), getattr(net, f"bias_hh_l{n}")
        found |= {f"w{2 * n}": w_x.T, f"w{2 * n + 1}": w_h.T, f"b{n}": b_x + b_h}
        found |= {f"dw{2 * n}": w_x.grad.T, f"dw{2 * n + 1}": w_h.grad.T, f"db{n}": b_x.grad}
    found |= {f"w{2 * layers}": head.weight.T, f"b{layers}": head.bias}
    found |= {f"dw{2 * layers}": head.weight.grad.T, f"db{layers}": head.bias.grad}
    return {name: value.detach().numpy() for name, value in found.items()}


def main() -> None:
    torch.manual_seed(1)
    cases = {
        "mlp_tanh": mlp(nn.Tanh),
        "mlp_silu": mlp(nn.SiLU),
        **{f"lstm_{layers}": lstm(layers) for layers in (1, 2, 3)},
    }
    arrays = {f"{case}/{name}": value for case, found in cases.items() for name, value in found.items()}
    np.savez(OUT, torch=np.array(torch.__version__), **arrays)


if __name__ == "__main__":
    main()
