"""Writes ``talib.json``: RSI and ATR of 14 sessions by TA-Lib on a made-up stock. Needs `pip install TA-Lib`.

python tests/golden/make_talib.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import talib

T, WINDOW = 260, 14


def main() -> None:
    rng = np.random.default_rng(14)
    close = np.round(1000 * np.exp(np.cumsum(rng.normal(0, 0.02, T))), 1)
    open_ = np.round(np.append(close[0], close[:-1]) * np.exp(rng.normal(0, 0.006, T)), 1)
    high = np.round(np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, 0.008, T))), 1)
    low = np.round(np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, 0.008, T))), 1)
    golden = {
        "version": talib.__version__,
        "window": WINDOW,
        "open": open_.tolist(),
        "high": high.tolist(),
        "low": low.tolist(),
        "close": close.tolist(),
        "rsi": talib.RSI(close, WINDOW)[WINDOW:].tolist(),  # the rows before have no value
        "atr": talib.ATR(high, low, close, WINDOW)[WINDOW:].tolist(),
    }
    path = Path(__file__).with_name("talib.json")
    path.write_text(json.dumps(golden) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
