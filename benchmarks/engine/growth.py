"""``python -m benchmarks.engine.growth PICTURE``: time of the catalogue against each side of the panel."""

from __future__ import annotations

import os
import sys

os.environ["JQFAST_PIN"] = "1"

import matplotlib

matplotlib.use("Agg")
from matplotlib.figure import Figure

from benchmarks.engine.claims import growth
from benchmarks.engine.run import Settings

SHARES = (0.25, 0.5, 0.75, 1.0)


def main() -> None:
    """Measure a 2,500 x 2,000 panel, or SESSIONSxSTOCKS given second, and draw one plot per side."""
    picture = sys.argv[1]
    size = sys.argv[2] if len(sys.argv) > 2 else "2500x2000"
    T, N = (int(part) for part in size.split("x"))
    figure = Figure(figsize=(9.0, 3.0), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    for ax, (side, points) in zip(axes, growth((T, N), Settings(2), shares=SHARES).items(), strict=True):
        sizes, times = zip(*points, strict=True)
        ax.plot(sizes, times, "o")
        ax.plot((0, sizes[-1]), (0, times[-1]), linewidth=0.8)  # a line through the origin is linear
        ax.set_xlabel(side)
        ax.set_ylim(0)
    axes[0].set_ylabel("ms")
    figure.savefig(picture)


if __name__ == "__main__":
    main()
