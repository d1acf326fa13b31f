"""``fit``: a factor model for thousands of series in one call.

R_i,t - R_f,t = alpha_i + sum over factors of beta_ik F_k,t + e_i,t, by least squares, with classical, White
or Newey-West errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jqfast.errors import DataGapError, unknown
from jqfast.factors import _ols
from jqfast.factors._ols import Errors
from jqfast.factors.table import Factors, Portfolios, common_dates
from jqfast.types import AnyArray, BoolArray, DateArray, FloatArray, IntArray

if TYPE_CHECKING:
    from pandas import DataFrame

Short = Literal["nan", "error"]
ALPHA = "alpha"


@dataclass(frozen=True, eq=False)
class Fit:
    """Regressions of N series on K factors and a constant.

    Parameters
    ----------
    codes : N names of the series
    names : K + 1 regressors, ``alpha`` first
    coefficients, se, t, p : (K + 1, N) float64; p two-sided, Student t with n - K - 1 degrees of freedom;
        NaN where a series has too few values or does not tell the factors apart
    covariance : (N, K + 1, K + 1) of the coefficients
    n : (N,) values used
    r2, r2_adjusted : (N,) share of the variance about the mean; NaN for a constant series
    sigma : (N,) standard deviation of the residuals, n - K - 1 in the denominator
    errors : kind of standard errors, with the lags where there are any
    short : (N,) bool, too few values for a regression
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    coefficients: FloatArray
    se: FloatArray
    t: FloatArray
    p: FloatArray
    covariance: FloatArray
    n: IntArray
    r2: FloatArray
    r2_adjusted: FloatArray
    sigma: FloatArray
    errors: str
    short: BoolArray

    def __getitem__(self, name: str) -> FloatArray:
        """(N,) coefficients of one regressor."""
        if name not in self.names:
            raise unknown("regressor", name, self.names)
        return np.asarray(self.coefficients[self.names.index(name)])

    @property
    def alpha(self) -> FloatArray:
        """(N,) constants, per period."""
        return np.asarray(self.coefficients[0])

    def predict(self, factors: Factors | AnyArray) -> FloatArray:
        """(T, N) alpha + beta F of factor values (T, K), NaN where a factor is unknown."""
        values = _select(factors, self.names[1:])
        if values.ndim != 2 or values.shape[1] != len(self.names) - 1:
            raise ValueError(
                f"`factors` must have {len(self.names) - 1} columns, {', '.join(self.names[1:])}; got shape "
                f"{values.shape}."
            )
        return np.asarray(self.coefficients[0] + values @ self.coefficients[1:])

    def to_frame(self) -> DataFrame:
        """One row per series: each coefficient with its t, R2, residual deviation and n."""
        import pandas as pd

        columns: dict[str, AnyArray] = {}
        for k, name in enumerate(self.names):
            columns[name], columns[f"t({name})"] = self.coefficients[k], self.t[k]
        columns |= {"r2": self.r2, "r2_adjusted": self.r2_adjusted, "sigma": self.sigma, "n": self.n}
        return pd.DataFrame(columns, index=pd.Index(self.codes, name="code"))


def fit(
    excess_returns: Any,
    factors: Any,
    *,
    errors: Errors = "newey-west",
    lags: int | None = None,
    small_sample: bool = True,
    short: Short = "nan",
) -> Fit:
    """Regress every series on the factors.

    Parameters
    ----------
    excess_returns : (T, N) or (T,) returns less the risk-free rate, fractions of a period, NaN where there is
        none; an array, a pandas frame or series indexed by date, or Portfolios
    factors : Factors, an array (T, K), or a frame indexed by date with a column per factor. Where both sides
        have dates the common ones are used, else the lengths must be equal
    errors : ``"classical"``, ``"white"`` or ``"newey-west"``
    lags : Bartlett lags of ``"newey-west"``; None: floor(4 (n / 100)^(2/9)) with the n of each series
    small_sample : multiply White and Newey-West covariances by n / (n - K - 1)
    short : what becomes of a series with fewer values than 3 more than its coefficients: ``"nan"``, or
        ``"error"`` with their names

    Returns
    -------
    Fit

    Raises
    ------
    ValueError
        Singular factors, lengths or shapes that do not fit, an unknown option, with ``short="error"`` a
        series with too few values.
    DataGapError
        No date in common, or no series with enough values.

    Notes
    -----
    With X the constant and the factors: b = (X'X)^-1 X'r; classical s^2 (X'X)^-1; White (X'X)^-1 S_0
    (X'X)^-1 with S_0 = sum of e_t^2 x_t x_t'; Newey-West adds to S_0 the sum over l <= L of (1 - l / (L + 1))
    (S_l + S_l') with S_l = sum of e_t e_{t-l} x_t x_{t-l}'. A date without a value adds nothing; the dates
    around it do not become neighbours.

    References
    ----------
    White (1980), Econometrica 48; Newey and West (1987), Econometrica 55; the lags from Newey and West
    (1994), Review of Economic Studies 61.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.01])
    >>> float(fit(0.001 + 1.5 * market, market[:, None])["factor1"][0].round(6))
    1.5
    """
    if lags is not None and lags < 0:
        raise ValueError(f"`lags` must be an integer >= 0; got {lags}.")
    if short not in ("nan", "error"):
        raise unknown("value of `short`", str(short), ("nan", "error"))
    y, x, codes, names = aligned(excess_returns, factors)
    regressors = (ALPHA, *names)
    design = _ols.make_design(np.column_stack([np.ones(len(x)), x]), regressors)
    moments = _ols.least_squares(y, design, errors=errors, lags=lags, small_sample=small_sample)
    few = _too_few(moments.n, len(regressors) + 3, codes, short)
    text = errors if errors != "newey-west" else f"newey-west, {'n-dependent' if lags is None else lags} lags"
    return _assemble(moments, few, codes, regressors, text)


def _assemble(
    moments: _ols.Moments, few: BoolArray, codes: tuple[str, ...], names: tuple[str, ...], errors: str
) -> Fit:
    """The statistics of the moments; NaN for short series."""
    from scipy.special import stdtr

    n, K = moments.n, len(names)
    df = np.maximum(n - K, 1).astype(np.float64)
    b = np.where(few, np.nan, moments.coefficients.T)
    covariance = np.where(few[:, None, None], np.nan, moments.covariance)
    variance = np.diagonal(covariance, axis1=1, axis2=2).T
    se = np.sqrt(np.where(variance > 0, variance, np.nan))
    t = b / se
    # Squares below this are what rounding leaves of a constant series.
    spread = moments.tss > (1e-14 * np.abs(b[0])) ** 2 * n
    share = np.where(spread, moments.rss / np.where(spread, moments.tss, 1.0), np.nan)
    share = np.where(np.isfinite(b[0]), share, np.nan)
    return Fit(
        codes=codes,
        names=names,
        coefficients=b,
        se=se,
        t=t,
        p=2.0 * stdtr(df, -np.abs(t)),
        covariance=covariance,
        n=n,
        r2=1.0 - share,
        r2_adjusted=1.0 - share * (n - 1) / df,
        sigma=np.where(np.isfinite(b[0]), np.sqrt(moments.rss / df), np.nan),
        errors=errors,
        short=few,
    )


def _too_few(n: IntArray, least: int, codes: tuple[str, ...], short: Short) -> BoolArray:
    """(N,) whether a series has fewer than ``least`` values on dates with factors, ``n`` of each."""
    few: BoolArray = n < least
    if len(few) and (few.all() or (short == "error" and few.any())):
        worst = ", ".join(f"{codes[k]} ({n[k]})" for k in np.flatnonzero(few)[:5])
        error = DataGapError if few.all() else ValueError
        raise error(
            f"`excess_returns` must have at least {least} values per series on dates with factors; "
            f"{few.sum()} of {len(few)} have fewer: {worst}{' ...' if few.sum() > 5 else ''}."
        )
    return few


def aligned(returns: Any, factors: Any) -> tuple[FloatArray, FloatArray, tuple[str, ...], tuple[str, ...]]:
    """Returns (T, N) and factors (T, K) on the same dates, names of series and factors."""
    y, y_dates, codes = _table(returns, "excess_returns", "series")
    x, x_dates, names = _table(factors, "factors", "factor")
    if y_dates is not None and x_dates is not None:
        if not np.array_equal(y_dates, x_dates):
            shared = common_dates([y_dates, x_dates])
            y, x = y[np.isin(y_dates, shared)], x[np.isin(x_dates, shared)]
    elif len(y) != len(x):
        raise ValueError(
            f"`excess_returns` and `factors` must have the same number of dates; got {len(y)} and {len(x)}. "
            "Give both with dates to use the common ones."
        )
    return y, x, codes, names


def _table(table: Any, what: str, kind: str) -> tuple[FloatArray, DateArray | None, tuple[str, ...]]:
    """Values (T, n), dates where there are any, names of the columns."""
    if isinstance(table, Factors | Portfolios):
        return table.values, table.dates, table.names
    dates = None
    if hasattr(table, "index") and hasattr(table, "to_numpy"):
        dates = np.asarray(table.index.to_numpy(), "datetime64[D]")
        if len(dates) > 1 and not (dates[1:] > dates[:-1]).all():
            raise ValueError(f"`{what}` must have strictly ascending dates; sort them and drop duplicates.")
    columns = getattr(table, "columns", None)
    values = np.asarray(table.to_numpy() if dates is not None else table, dtype=np.float64)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2:
        raise ValueError(f"`{what}` must have dates along axis 0 and one more axis; got {values.ndim} axes.")
    numbered = (f"{kind}{k}" for k in range(1, values.shape[1] + 1))
    return values, dates, tuple(numbered if columns is None else map(str, columns))


def _select(factors: Factors | AnyArray, names: tuple[str, ...]) -> FloatArray:
    """(T, K) values by name where there are names."""
    if isinstance(factors, Factors):
        return factors.select(names).values
    values = np.asarray(factors, dtype=np.float64)
    return values[:, None] if values.ndim == 1 else values
