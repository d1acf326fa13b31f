"""A simulated Tokyo that writes the same store as J-Quants fills: every table, consistent with the others.

``write`` runs a market and writes it; ``read_truth`` tells what was planted in it, `planted` brings that onto
the axes of a panel. The parts, in the order in
which a session goes through them: `sessions`, `issues`, `shocks`, `companies` and `filings` (the business),
`effects` and `stress` (what is planted), `prices` and `trading`, `market` (the loop); then the tables:
`bars`, `statements`, `corporate`, `margin`, `shorts`, `flows`, `indices`, `derivatives`, `extras`,
`overseas`.
"""

from __future__ import annotations

from jqfast.data.simulator.config import LAST_DAY, SimulateConfig
from jqfast.data.simulator.truth import Truth, is_simulated, read_truth
from jqfast.data.simulator.write import write

__all__ = ["LAST_DAY", "SimulateConfig", "Truth", "is_simulated", "read_truth", "write"]
