"""Whatever the size, seed and kind of a simulated market: bars are bars, and the truth is the sum of its
parts."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jqfast.data.simulate import SimulateConfig, simulate

CONFIGS = st.builds(
    SimulateConfig,
    stocks=st.integers(10, 30),
    years=st.floats(0.5, 1.2),
    seed=st.integers(0, 2**32),
    null=st.sampled_from((None, "pure", "frictions")),
    sectors=st.integers(1, 33),
    strength=st.floats(0.0, 3.0),
)


@settings(max_examples=20, deadline=None)
@given(config=CONFIGS)
def test_bars_are_bars(config: SimulateConfig) -> None:
    panel = simulate(config).panel
    assert panel.shape[1] == config.stocks
    o, h, low, c = (panel[name] for name in ("open", "high", "low", "close"))
    traded = np.isfinite(c)
    assert traded.any()
    assert not (traded & ~panel.listed).any()
    assert ((low <= np.minimum(o, c)) & (np.maximum(o, c) <= h) & (low > 0))[traded].all()
    assert ((panel["volume"] > 0) == traded)[panel.listed].all()
    assert np.isnan(panel["volume"][~panel.listed]).all()
    assert (panel.listed.sum(axis=0) > 0).all()
    assert (panel["adjustment"] > 0).all()
    assert panel["sector33"].max() < config.sectors


@settings(max_examples=8, deadline=None)
@given(config=CONFIGS)
def test_the_truth_is_the_sum_of_its_parts(config: SimulateConfig) -> None:
    simulated = simulate(config)
    truth = simulated.truth
    assert truth.anything == (config.null is None and config.strength > 0)
    for h, expected in truth.expected.items():
        assert (np.isfinite(expected) == simulated.panel.listed).all()
        total = sum(truth.parts(h).values())
        scale = max(float(np.nanmax(np.abs(expected))), 1e-12)
        assert np.nanmax(np.abs(total - expected)) <= 1e-6 * scale
