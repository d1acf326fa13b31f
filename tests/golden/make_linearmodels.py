"""Writes linearmodels.json: what linearmodels says of a small market. Needs `pip install linearmodels`.

python tests/golden/make_linearmodels.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from linearmodels.asset_pricing import TradedFactorModel
from linearmodels.panel import FamaMacBeth

T, N, K, LAGS = 60, 8, 2, 3


def main() -> None:
    rng = np.random.default_rng(4)
    factors = np.round(rng.normal(0.004, 0.03, (T, K)), 6)
    returns = np.round(factors @ rng.normal(1, 0.4, (K, N)) + rng.normal(0.001, 0.02, (T, N)), 6)
    exposures = np.round(rng.normal(1.0, 0.5, (T, N, K)), 6)
    traded = TradedFactorModel(pd.DataFrame(returns), pd.DataFrame(factors)).fit()
    index = pd.MultiIndex.from_product([range(N), range(T)])
    table = pd.DataFrame(exposures.transpose(1, 0, 2).reshape(N * T, K), index=index, columns=["a", "b"])
    table.insert(0, "const", 1.0)
    table["y"] = returns.T.ravel()
    cross = FamaMacBeth(table["y"], table[["const", "a", "b"]]).fit(
        cov_type="kernel", kernel="bartlett", bandwidth=LAGS, debiased=True
    )
    golden = {
        "lags": LAGS,
        "returns": returns.tolist(),
        "factors": factors.tolist(),
        "exposures": exposures.tolist(),
        "alphas": traded.alphas.tolist(),
        "betas": traded.betas.to_numpy().tolist(),
        "premia": cross.params.tolist(),
        "premia_se": cross.std_errors.tolist(),
    }
    path = Path(__file__).with_name("linearmodels.json")
    path.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
