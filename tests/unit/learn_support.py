"""A small panel of features with a planted signal, for the tests of the learning room."""

from __future__ import annotations

import numpy as np

from jqfast.data.panel import Panel
from jqfast.features import FeaturePanel
from jqfast.learn.folds import Fold, FoldConfig, walk_forward
from jqfast.learn.labels import Targets

HORIZONS = (1, 5)


def business_days(T: int, start: str = "2019-01-04") -> np.ndarray:
    """(T,) weekdays."""
    return np.busday_offset(start, np.arange(T), roll="forward").astype("datetime64[D]")


def price_panel(close: np.ndarray, **columns: np.ndarray) -> Panel:
    """A panel of the given closes; opens equal the close before unless given, the rest follows."""
    T, N = close.shape
    listed = columns.pop("listed", np.ones((T, N), dtype=np.bool_))
    opens = columns.pop("open", np.vstack([close[:1], close[:-1]]))
    opens = np.where(np.isfinite(close), opens, np.nan)
    filled = {
        "open": opens,
        "high": np.fmax(opens, close),
        "low": np.fmin(opens, close),
        "close": close,
        "volume": np.where(listed, np.where(np.isfinite(close), 100.0, 0.0), np.nan),
        "turnover": np.where(np.isfinite(close), 1e5, 0.0),
        "adjustment": np.ones((T, N)),
    }
    codes = np.array([str(1000 + n) for n in range(N)])
    return Panel(business_days(T), codes, filled | columns, listed)


def planted(T: int = 330, N: int = 12, F: int = 4, *, seed: int = 0) -> tuple[FeaturePanel, Targets]:
    """Features with 5 % missing, and targets of two horizons that lean on the first two features."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((T, N, F), dtype=np.float32)
    values = 0.5 * x[:, :, 0] - 0.4 * x[:, :, 1] + rng.standard_normal((len(HORIZONS), T, N))
    x[rng.random(x.shape) < 0.05] = np.nan
    for i, horizon in enumerate(HORIZONS):
        values[i, T - horizon :] = np.nan
    names = tuple(f"f{i}" for i in range(F))
    codes = np.array([str(1000 + n) for n in range(N)])
    X = FeaturePanel(names, business_days(T), codes, x, "sample", dict.fromkeys(names, "cs"), True)
    return X, Targets(HORIZONS, "standardised", values, np.ones((T, N), np.bool_), np.ones(T, np.bool_))


def end_rows(T: int, horizons: tuple[int, ...] = HORIZONS) -> np.ndarray:
    """(Hn, T) rows at which labels are complete when every row is a session."""
    return np.minimum(np.arange(T)[None, :] + np.array(horizons)[:, None], T)


def small_folds(X: FeaturePanel, **options: int) -> tuple[Fold, ...]:
    """Monthly folds with six months of training."""
    T = len(X.dates)
    config = FoldConfig(train_months=6, min_train_months=6, sample_every=2, **options)
    return walk_forward(X.dates, np.ones(T, np.bool_), end_rows(T), config)
