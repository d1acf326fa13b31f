"""Whatever the size, seed and kind of a simulated market: bars are bars, and the truth needs no future."""

from __future__ import annotations

from typing import get_args

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jqfast.data.simulate import Market, SimulateConfig, simulate, truth_of

CONFIGS = st.builds(
    SimulateConfig,
    stocks=st.integers(2, 30),
    years=st.floats(0.1, 1.2),
    seed=st.integers(0, 2**32),
    market=st.sampled_from(get_args(Market)),
    sectors=st.integers(1, 33),
    strength=st.floats(0.0, 3.0),
)


@settings(max_examples=25, deadline=None)
@given(config=CONFIGS)
def test_bars_are_bars(config: SimulateConfig) -> None:
    panel = simulate(config).panel
    assert panel.shape[1] == config.stocks
    o, h, low, c = (panel[name] for name in ("open", "high", "low", "close"))
    traded = np.isfinite(c)
    assert not (traded & ~panel.listed).any()
    assert ((low <= np.minimum(o, c)) & (np.maximum(o, c) <= h) & (low > 0))[traded].all()
    assert ((panel["volume"] > 0) == traded)[panel.listed].all()
    assert np.isnan(panel["volume"][~panel.listed]).all()
    assert (panel.listed.sum(axis=0) > 0).all()
    assert (panel["adjustment"] > 0).all()
    assert panel["sector33"].max() < config.sectors


@settings(max_examples=15, deadline=None)
@given(config=CONFIGS, share=st.floats(0.01, 1.0))
def test_truth_of_a_cut_panel_is_the_cut_truth(config: SimulateConfig, share: float) -> None:
    simulated = simulate(config)
    stop = max(1, int(share * len(simulated.panel.dates)))
    early = truth_of(simulated.panel.rows(0, stop), simulated.truth.strength)
    for h, values in early.expected.items():
        np.testing.assert_array_equal(values, simulated.truth.expected[h][:stop])


@settings(max_examples=10, deadline=None)
@given(config=CONFIGS)
def test_the_future_cannot_be_seen_in_the_truth(config: SimulateConfig) -> None:
    """Closes after row t set to nonsense change no truth up to t."""
    simulated = simulate(config)
    panel, t = simulated.panel, len(simulated.panel.dates) // 2
    close = panel["close"].copy()
    close[t:] = np.where(np.isfinite(close[t:]), 1e30, np.nan)
    poisoned = truth_of(panel.with_columns(close=close), simulated.truth.strength)
    for name, values in poisoned.drivers.items():
        np.testing.assert_array_equal(values[:t], simulated.truth.drivers[name][:t])
