"""Alphas against statsmodels, on the dates of both sides, with the models that the factors allow."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from jqfast.evaluate.alphas import alphas
from jqfast.factors import Factors


def factors(names: tuple[str, ...], T: int = 300) -> Factors:
    rng = np.random.default_rng(0)
    dates = np.busday_offset("2020-01-06", np.arange(T)).astype("datetime64[D]")
    values = 0.01 * rng.standard_normal((T, len(names)))
    values[:5, -1] = np.nan  # before the first formation
    return Factors(dates, names, values, np.full(T, 1e-4), "daily", "made up", ())


def test_alphas_equal_statsmodels() -> None:
    known = factors(("Mkt-RF", "SMB", "HML", "WML"))
    dates = known.dates[10:290]
    rng = np.random.default_rng(1)
    y = 0.001 + known.values[10:290] @ [0.5, 0.2, 0.0, -0.3] + 0.005 * rng.standard_normal(280)
    series = {"long": y + 1e-4, "long_short": y}
    found = alphas(dates, series, known, periods_per_year=252.0, funded=("long",))
    assert [(one.leg, one.model) for one in found] == [
        (leg, model) for model in ("CAPM", "FF3", "Carhart") for leg in ("long", "long_short")
    ]
    names = {"CAPM": ["Mkt-RF"], "FF3": ["Mkt-RF", "SMB", "HML"], "Carhart": list(known.names)}
    lags = int(4 * (280 / 100) ** (2 / 9))
    for one in found:
        x = known.values[10:290][:, [known.names.index(name) for name in names[one.model]]]
        how = {"maxlags": lags, "use_correction": True}
        theirs = sm.OLS(y, sm.add_constant(x)).fit(cov_type="HAC", cov_kwds=how, use_t=True)
        assert one.alpha == pytest.approx(252 * theirs.params[0], rel=1e-9)
        assert one.se == pytest.approx(252 * theirs.bse[0], rel=1e-9)
        assert one.t == pytest.approx(theirs.tvalues[0], rel=1e-9)
        low, high = 252 * theirs.conf_int()[0]
        assert (one.low, one.high) == pytest.approx((low, high), rel=1e-8)
        assert list(one.betas) == names[one.model]
        for k, (beta, t) in enumerate(one.betas.values(), start=1):
            assert beta == pytest.approx(theirs.params[k], rel=1e-9)
            assert t == pytest.approx(theirs.tvalues[k], rel=1e-9)
        assert one.n == 280
        assert one.r2 == pytest.approx(theirs.rsquared, rel=1e-9)


def test_only_common_dates_with_all_factors_count() -> None:
    known = factors(("Mkt-RF", "WML"))
    dates = np.concatenate([known.dates[:100], np.array(["2030-01-01"], "datetime64[D]")])
    y = {"long_short": np.random.default_rng(2).standard_normal(101)}
    found = {one.model: one for one in alphas(dates, y, known, periods_per_year=252.0)}
    assert found["CAPM"].n == 100
    assert found["market + WML"].n == 95
    assert set(found) == {"CAPM", "market + WML"}


def test_too_few_periods_have_no_alpha() -> None:
    known = factors(("Mkt-RF",), 10)
    assert alphas(known.dates[-1:], {"a": np.ones(1)}, known, periods_per_year=252.0) == ()
    away = known.dates + np.timedelta64(9000, "D")
    assert alphas(away, {"a": np.ones(10)}, known, periods_per_year=252.0) == ()
