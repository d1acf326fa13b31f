"""The reference network and LSTM layers in PyTorch, as the peer of the training benchmarks.

Eager, tensors preloaded, batches gathered by index, with gradients by autograd or written by hand. PyTorch is
in no extra of this package.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from benchmarks import torch_by_hand


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


class Start(NamedTuple):
    """Where every peer starts: weights and biases, samples, targets, and the batches of some epochs."""

    weights: Sequence[np.ndarray]
    biases: Sequence[np.ndarray]
    x: np.ndarray
    y: np.ndarray
    epochs: Sequence[np.ndarray]


#: Name of a way to take gradients -> network from (weights, biases, dropout), training of it.
KINDS: dict[str, tuple[Callable[..., Any], Callable[..., list[float]]]] = {
    "autograd": (Mlp, train),
    "by hand": (torch_by_hand.Net, torch_by_hand.train),
}


def losses(kind: str, start: Start, dropout: float) -> list[float]:
    """Mean loss of each epoch."""
    make, teach = KINDS[kind]
    net = make(start.weights, start.biases, dropout)
    return teach(net, torch.tensor(start.x), torch.tensor(start.y), start.epochs)


def fold_seconds(kind: str, start: Start, dropout: float) -> dict[str, float]:
    """Seconds per fold of three ways to use two cores; epochs beyond the first are timed."""
    warm, timed = start._replace(epochs=start.epochs[:1]), start._replace(epochs=start.epochs[1:])
    found = {}
    for threads, name in ((2, "one fold on two threads"), (1, "one fold on one thread")):
        torch.set_num_threads(threads)
        losses(kind, warm, dropout)
        found[name] = _seconds(kind, timed, dropout)
    context = multiprocessing.get_context("spawn")
    both = context.Barrier(2)
    with ProcessPoolExecutor(2, context, _worker, (both,)) as pool:
        spans = [span.result() for span in [pool.submit(_together, kind, start, dropout) for _ in range(2)]]
    found["a fold in each of two processes"] = (max(b for _, b in spans) - min(a for a, _ in spans)) / 2
    return found


def _seconds(kind: str, start: Start, dropout: float) -> float:
    began = time.perf_counter()
    losses(kind, start, dropout)
    return time.perf_counter() - began


def _worker(both: threading.Barrier) -> None:
    """A process of one thread that waits for the other one where it has to."""
    global _both
    _both = both
    torch.set_num_threads(1)


def _together(kind: str, start: Start, dropout: float) -> tuple[float, float]:
    """Begin and end of the epochs beyond the first in this process, which begin when both processes can."""
    losses(kind, start._replace(epochs=start.epochs[:1]), dropout)
    _both.wait(60)
    began = time.perf_counter()  # one clock for all processes
    losses(kind, start._replace(epochs=start.epochs[1:]), dropout)
    return began, time.perf_counter()


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
