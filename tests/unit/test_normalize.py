"""Normalisation: estimated from training rows alone, missing values never silently zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import jqfast.features as features
from jqfast.data.panel import Panel
from jqfast.features import Feature, close, cs_centred_rank, cs_zscore, dow_sin, log, open_
from jqfast.features.groups import in_sector
from jqfast.features.normalize import QUANTILE_ROWS, Fitted, fit, per_date

RATIO = close / open_


def _rows(seed: int = 0, rows: int = 4000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (3.0 + 2.0 * rng.standard_normal((rows, 7))).astype(np.float32)


NORMS = ("cs", "log", "rank", "ts", "flag", "unit", "none")


def test_per_date_transforms_are_expressions() -> None:
    assert per_date(RATIO, "cs") is cs_zscore(RATIO)
    assert per_date(RATIO, "cs33") is in_sector(cs_zscore, RATIO)
    assert per_date(RATIO, "log") is cs_zscore(log(RATIO))
    assert per_date(RATIO, "rank") is cs_centred_rank(RATIO)
    assert all(per_date(RATIO, norm) is RATIO for norm in ("ts", "flag", "unit", "none"))
    with pytest.raises(ValueError, match="the same for all"):
        per_date(dow_sin, "cs")
    with pytest.raises(ValueError, match="Unknown norm `z`"):
        per_date(RATIO, "z")


def test_sectors_are_compared_within_themselves(sim_panel: Panel) -> None:
    """`cs33` against pandas; the market stands in for a sector of less than five and for no sector."""
    N = len(sim_panel.codes)
    sector = np.array([3, 0, 3, 0, 3, 0, 0, 3] * (N // 8), dtype=np.int16)
    sector[:4], sector[4:7] = 1, -1
    sectors = np.ascontiguousarray(np.broadcast_to(sector, sim_panel.shape))
    panel = replace(
        sim_panel,
        columns={**sim_panel.columns, "sector33": sectors},
        categories={"sector33": ("3050", "3100", "3150", "3200")},
    )
    mine = {"mine": Feature("mine", RATIO, "cs33", "Two closes.")}
    raw = pd.DataFrame(features.panel(panel, mine, dtype="float64").values[0]).iloc[100:110]
    out = features.panel(panel, mine, dtype="float64", normalize=True).values[0][100:110]
    groups = np.where(sector < 0, np.nan, sector)
    grouped = raw.T.groupby(groups)
    inside = ((raw.T - grouped.transform("mean")) / grouped.transform("std")).T
    market = raw.sub(raw.mean(axis=1), axis=0).div(raw.std(axis=1), axis=0)
    large = (grouped.transform("count") >= 5).T
    want = inside.where(large, market).to_numpy()
    np.testing.assert_allclose(out, want, rtol=1e-9, atol=1e-12)
    assert large.any().sum() == N - 7
    assert np.isfinite(out).sum() > 10 * N * 0.8


def test_centres_and_scales_by_norm() -> None:
    x = _rows()
    fitted = fit(x, NORMS, clip_quantile=None)
    means, deviations = x.mean(axis=0, dtype=float), x.std(axis=0, ddof=1, dtype=float)
    np.testing.assert_array_equal(fitted.center[:3], 0)
    np.testing.assert_allclose(fitted.center[3:], means[3:], rtol=1e-6)
    np.testing.assert_array_equal(np.delete(fitted.scale, 3), 1)
    np.testing.assert_allclose(fitted.scale[3], deviations[3], rtol=1e-6)


def test_clips_are_training_quantiles_of_unbounded_features() -> None:
    x = _rows(rows=2000)
    fitted = fit(x, NORMS, clip_quantile=0.02)
    for f in (0, 1, 6):
        np.testing.assert_allclose(
            (fitted.lower[f], fitted.upper[f]), np.quantile(x[:, f].astype(float), (0.02, 0.98)), rtol=1e-6
        )
    assert np.isneginf(fitted.lower[[2, 4, 5]]).all()
    assert np.isposinf(fitted.upper[[2, 4, 5]]).all()


def test_market_series_stay_within_three_training_deviations() -> None:
    fitted = fit(_rows(), NORMS)
    wild = np.full((2, 7), np.float32(1e6))
    wild[1] = -1e6
    out = fitted.apply(wild)
    np.testing.assert_allclose(out[:, 3], [3, -3], rtol=1e-5)


def test_missing_is_the_training_mean_and_a_flag() -> None:
    x = _rows()
    x[::5, 0] = np.nan
    x[::7, 3] = np.nan
    fitted = fit(x, NORMS)
    out = fitted.apply(x)
    assert out.shape == (len(x), 14)
    assert out.dtype == np.float32
    assert np.isfinite(out).all()
    np.testing.assert_array_equal(out[:, 7], np.isnan(x[:, 0]))
    np.testing.assert_array_equal(out[np.isnan(x)[:, 3], 3], 0.0)


def test_flags_of_features_never_missing_in_training_stay_zero() -> None:
    fitted = fit(_rows(), NORMS)
    gone = np.full((3, 7), np.nan, dtype=np.float32)
    np.testing.assert_array_equal(fitted.apply(gone), 0.0)
    assert not fitted.seen.any()


def test_a_feature_without_training_values_is_zero_everywhere() -> None:
    x = _rows()
    x[:, 2] = np.nan
    out = fit(x, NORMS).apply(_rows(1))
    np.testing.assert_array_equal(out[:, 2], 0.0)


def test_a_market_series_that_never_moved_is_held() -> None:
    x = np.full((10, 1), 4.0, dtype=np.float32)
    fitted = fit(x, ["ts"])
    np.testing.assert_array_equal(fitted.apply(np.array([[4.0], [9.0]], dtype=np.float32))[:, 0], 0.0)


def test_other_rows_change_nothing() -> None:
    """The wall: what is applied to a row depends on the training rows and on that row."""
    fitted = fit(_rows(), NORMS)
    x = _rows(2, rows=50)
    together = fitted.apply(x)
    apart = np.concatenate([fitted.apply(x[i : i + 1]) for i in range(50)])
    np.testing.assert_array_equal(together, apart)


def test_a_checkpoint_restores_every_bit() -> None:
    x = _rows()
    x[::3, 1] = np.nan
    fitted = fit(x, NORMS)
    again = Fitted.from_arrays(fitted.to_arrays())
    np.testing.assert_array_equal(again.apply(x), fitted.apply(x))
    with pytest.raises(ValueError, match="missing: \\['seen'\\]"):
        Fitted.from_arrays({k: v for k, v in fitted.to_arrays().items() if k != "seen"})


def test_quantiles_of_many_rows_are_close_to_exact_ones() -> None:
    x = np.random.default_rng(3).standard_normal((4 * QUANTILE_ROWS, 1)).astype(np.float32)
    fitted = fit(x, ["cs"], clip_quantile=0.01)
    np.testing.assert_allclose([fitted.lower[0], fitted.upper[0]], [-2.326, 2.326], atol=0.06)


def test_names_of_inputs() -> None:
    assert Fitted.input_names(["a", "b"]) == ["a", "b", "a_isna", "b_isna"]


@pytest.mark.parametrize(
    ("x", "norms", "options", "message"),
    [
        (_rows(), ("cs",), {}, "shape \\(S, 1\\)"),
        (_rows()[:, 0], ("cs",), {}, "shape \\(S, 1\\)"),
        (_rows().astype(int), NORMS, {}, "float array"),
        (_rows(), NORMS, {"clip_quantile": 0.5}, "`clip_quantile` must be in"),
        (_rows()[:, :1], ("zz",), {}, "Unknown norm `zz`"),
    ],
)
def test_mistakes_are_explained(x, norms, options, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(x, norms, **options)
