"""The reference network and LSTM layers in PyTorch, as the peer of the training benchmarks.

Eager, tensors preloaded, batches gathered by index: the best that PyTorch does without hand-written
gradients. PyTorch is in no extra of this package.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import nn


class Mlp(nn.Module):
    """126-64-64-32-1 tanh with dropout, started from given weights (I, O) and biases."""

    def __init__(self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray], dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(*w.shape) for w in weights)
        for layer, w, b in zip(self.layers, weights, biases, strict=True):
            layer.weight.data = torch.tensor(np.ascontiguousarray(w.T))
            layer.bias.data = torch.tensor(b)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        *hidden, head = self.layers
        for layer in hidden:
            x = self.dropout(torch.tanh(layer(x)))
        return head(x)


def train(net: nn.Module, x: torch.Tensor, y: torch.Tensor, epochs: Sequence[np.ndarray]) -> list[float]:
    """Mean loss of each epoch of Adam; an epoch is (steps, batch) sample numbers, -1 for none."""
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    losses = []
    for epoch in epochs:
        total = 0.0
        for row in torch.as_tensor(epoch):
            index = row[row >= 0]
            optimiser.zero_grad(set_to_none=True)
            loss = nn.functional.mse_loss(net(x[index]), y[index])
            loss.backward()
            optimiser.step()
            total += loss.detach()
        losses.append(float(total) / len(epoch))
    return losses


def fold_seconds(
    make: Sequence[nn.Module], x: np.ndarray, y: np.ndarray, epochs: Sequence[np.ndarray]
) -> dict[str, float]:
    """Seconds per fold of two ways to use two cores: one fold on both, or one on each (as two threads)."""
    data = torch.tensor(x), torch.tensor(y)
    found = {}
    torch.set_num_threads(2)
    start = time.perf_counter()
    train(make[0], *data, epochs)
    found["one fold on two threads"] = time.perf_counter() - start
    torch.set_num_threads(1)
    start = time.perf_counter()
    train(make[1], *data, epochs)
    found["one thread"] = time.perf_counter() - start
    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda net: train(net, *data, epochs), make[2:4]))
    found["a fold on each of two threads"] = (time.perf_counter() - start) / 2
    return found


def lstm_rate(x: np.ndarray, y: np.ndarray, hidden: int, layers: int, steps: int) -> float:
    """Samples per second of training steps of ``nn.LSTM`` with a linear head, on two threads."""
    torch.set_num_threads(2)
    net, head = nn.LSTM(x.shape[2], hidden, layers, batch_first=True), nn.Linear(hidden, y.shape[1])
    optimiser = torch.optim.Adam([*net.parameters(), *head.parameters()], lr=1e-3)
    xt, yt = torch.tensor(x), torch.tensor(y)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        nn.functional.mse_loss(head(net(xt)[0][:, -1]), yt).backward()
        optimiser.step()

    step()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return steps * len(x) / (time.perf_counter() - start)
