"""The reference network in PyTorch with gradient and Adam written by hand: the fastest that PyTorch allows.

No autograd, parameters and moments as one vector each, every large result into memory that is kept. The
equations: h_0 = x, a_l = tanh(h_{l-1} W_l + b_l), h_l = a_l m_l with dropout masks m_l, output h_3 W_4 + b_4,
loss mean((out - y)^2); back: d_l = (d_{l+1} W^T) m_l (1 - a_l^2), dW = h^T d, db = sum d; Adam as Kingma and
Ba 2015.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

_RATE, _BETA1, _BETA2, _EPS = 1e-3, 0.9, 0.999, 1e-8


class Net:
    """Parameters, gradients and Adam's moments, each one vector with views per layer."""

    def __init__(self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray], dropout: float) -> None:
        parts = [torch.tensor(np.ascontiguousarray(part)) for part in (*weights, *biases)]
        self.vector = torch.cat([part.reshape(-1) for part in parts])
        self.gradient, self.mean, self.square = (torch.zeros_like(self.vector) for _ in range(3))
        self.weights, self.biases = self._views(self.vector, parts, len(weights))
        self.dws, self.dbs = self._views(self.gradient, parts, len(weights))
        self.dropout, self.steps = dropout, 0
        self.memory: dict[tuple[str, int, int], torch.Tensor] = {}

    @staticmethod
    def _views(
        vector: torch.Tensor, parts: Sequence[torch.Tensor], layers: int
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        pieces = vector.split([part.numel() for part in parts])
        shaped = [piece.view(part.shape) for piece, part in zip(pieces, parts, strict=True)]
        return shaped[:layers], shaped[layers:]

    def kept(self, name: str, rows: int, columns: int) -> torch.Tensor:
        """Memory under a name, the same at every step."""
        key = (name, rows, columns)
        if key not in self.memory:
            self.memory[key] = torch.empty(rows, columns)
        return self.memory[key]

    def step(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """One update; the loss before it."""
        size, last = len(x), len(self.weights) - 1
        inputs, bent, masks = [x], [], []
        for place in range(last):
            width = self.weights[place].shape[1]
            act = self.kept(f"act{place}", size, width)
            torch.addmm(self.biases[place], inputs[-1], self.weights[place], out=act).tanh_()
            bent.append(act)
            if self.dropout:
                mask = self.kept(f"mask{place}", size, width)
                mask.bernoulli_(1.0 - self.dropout).mul_(1.0 / (1.0 - self.dropout))
                masks.append(mask)
                act = torch.mul(act, mask, out=self.kept(f"out{place}", size, width))
            inputs.append(act)
        error = torch.addmm(self.biases[last], inputs[-1], self.weights[last]).sub_(y)
        slope = error * (2.0 / size)
        for place in range(last, -1, -1):
            torch.mm(inputs[place].t(), slope, out=self.dws[place])
            torch.sum(slope, 0, out=self.dbs[place])
            if place:
                before = self.kept(f"slope{place}", size, self.weights[place].shape[0])
                torch.mm(slope, self.weights[place].t(), out=before)
                if masks:
                    before.mul_(masks[place - 1])
                act = bent[place - 1]
                slope = before.addcmul_(before * act, act, value=-1.0)
        self._adam()
        return error.square_().mean()

    def _adam(self) -> None:
        self.steps += 1
        self.mean.lerp_(self.gradient, 1.0 - _BETA1)
        self.square.mul_(_BETA2).addcmul_(self.gradient, self.gradient, value=1.0 - _BETA2)
        scale = (self.square / (1.0 - _BETA2**self.steps)).sqrt_().add_(_EPS)
        self.vector.addcdiv_(self.mean, scale, value=-_RATE / (1.0 - _BETA1**self.steps))


def train(net: Net, x: torch.Tensor, y: torch.Tensor, epochs: Sequence[np.ndarray]) -> list[float]:
    """Mean loss of each epoch; an epoch is (steps, batch) sample numbers, -1 for none."""
    losses = []
    with torch.no_grad():
        for epoch in epochs:
            total = torch.zeros(())
            for row in torch.as_tensor(epoch):
                index = row[row >= 0]
                total += net.step(x[index], y[index])
            losses.append(float(total) / len(epoch))
    return losses
