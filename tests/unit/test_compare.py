"""The comparison: what each column may see, what is chosen where, the table and the folder."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from jqfast.cli import app
from jqfast.comparison import HEADINGS, Request, judge, load, read_series
from jqfast.errors import DataGapError
from jqfast.factors import MODELS, Factors, Portfolios, fit, predictors, read_factors
from jqfast.factors.compare import LSTM, CompareConfig, Comparison, predict
from jqfast.factors.predictors import LstmOptions, Split, Trial
from jqfast.report.figures_compare import predicted_against_actual

T = 150
DAYS = np.datetime64("2015-01-01") + np.arange(T)
QUICK = CompareConfig(lstm=LstmOptions(length=4, trials=(Trial(4, 1e-2),), epochs=3, patience=2, batch=64))


def _market(seed: int = 0) -> tuple[Portfolios, dict[str, Factors]]:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.01, (T, 6))
    six = Factors(DAYS, MODELS["FF6"], values, np.full(T, 1e-5))
    y = 0.001 + values[:, :5] @ rng.normal(1, 0.3, (5, 2)) + rng.normal(0, 0.002, (T, 2))
    models = {name: six.select(name) for name in ("CAPM", "FF3", "Carhart", "FF5")}
    return Portfolios(DAYS, ("HiTec", "Other"), y, "daily", "drawn"), models


@pytest.fixture(scope="module")
def found() -> Comparison:
    return predict(*_market(), QUICK)


def test_both_columns_and_all_models(found: Comparison) -> None:
    fit, forecast = found.columns
    assert fit.models == ("FF3", "Carhart", "FF5", "linear", "LSTM", "FF5 + LSTM", "mean", "zero")
    assert forecast.models[:2] == ("FF3, mean of factors", "FF3, AR(1) of factors")
    assert forecast.models[6:] == ("linear", "LSTM", "FF5, mean of factors + LSTM", "mean", "zero")
    assert np.isfinite(fit.values[:, 3:]).all()
    assert np.isnan(fit.values[:, :3]).all()
    assert np.isfinite(forecast.values[:, 4:]).all()
    assert np.isnan(forecast.values[:, :4]).all()
    assert found.split == Split(84, 105, T)
    assert "4 units" in fit.settings[LSTM, "HiTec"]


def test_a_fit_knows_the_factors_and_a_forecast_does_not(found: Comparison) -> None:
    rows = {(r["column"], r["part"], r["sector"], r["model"]): r for r in judge(found)}
    assert rows["fit", "validation", "HiTec", "FF5"]["r2"] > 0.9
    assert rows["forecast", "validation", "HiTec", "FF5, mean of factors"]["r2"] < 0.1
    assert rows["fit", "train", "HiTec", "mean"]["r2"] == pytest.approx(0.0, abs=0.01)
    last = rows["fit", "validation", "Other", "FF3"]
    assert tuple(last) == HEADINGS
    assert last["dm_against"] == "FF5"
    assert last["n"] == T - 105
    assert rows["fit", "validation", "Other", "FF5"]["dm_t"] is None


def test_no_prediction_sees_what_it_must_not(found: Comparison) -> None:
    """What comes after the split changes no fit; a date's own values change no forecast of it."""
    portfolios, models = _market()
    t = T - 10
    y = portfolios.values.copy()
    y[t:] += 0.5
    later = {
        n: replace(f, values=np.where(np.arange(T)[:, None] >= t, 0.7, f.values)) for n, f in models.items()
    }
    other = predict(replace(portfolios, values=y), later, QUICK)
    for before, after in zip(found.columns, other.columns, strict=True):
        upto = t + (before.column == "forecast")
        assert np.array_equal(before.values[:, :upto], after.values[:, :upto], equal_nan=True)
        moved = (before.values[:, upto:] != after.values[:, upto:]).any(axis=(1, 2))
        assert moved.tolist() == [True] * (len(before.models) - 2) + [False] * 2  # mean and zero stay


def test_the_judged_part_chooses_nothing(found: Comparison) -> None:
    portfolios, models = _market()
    y = portfolios.values.copy()
    y[105:] = -y[105:]
    other = predict(replace(portfolios, values=y), models, QUICK)
    for before, after in zip(found.columns, other.columns, strict=True):
        assert before.settings == after.settings
        assert np.array_equal(before.values[:, :105], after.values[:, :105], equal_nan=True)


def test_missing_models_and_short_data() -> None:
    portfolios, models = _market()
    del models["FF5"]
    holes = portfolios.values.copy()
    holes[3] = np.nan
    found = predict(replace(portfolios, values=holes), models, QUICK)
    assert found.notes[0] == "149 common dates, 2015-01-01 to 2015-05-30."
    assert "1 common dates lack a factor or a return" in found.notes[1]
    assert found.notes[2] == "Left out for want of factors: FF5."
    assert {r["dm_against"] for r in judge(found)} == {None, "Carhart", "Carhart, mean of factors"}
    with pytest.raises(DataGapError, match="None of the models FF3, Carhart, FF5 can be had; there are CAPM"):
        predict(portfolios, {"CAPM": models["CAPM"]}, QUICK)
    short = {name: f.rows(np.arange(40)) for name, f in models.items()}
    with pytest.raises(DataGapError, match="at least 60 dates; they are on 40 of 40 common ones"):
        predict(portfolios, short, QUICK)
    long = replace(QUICK, lstm=replace(QUICK.lstm, length=70))
    with pytest.raises(DataGapError, match="150 common dates are too few"):
        predict(portfolios, models, long)


def test_expected_factors_by_hand() -> None:
    f = np.array([[1.0], [2.0], [6.0], [4.0]])
    got = predictors.expanding_mean(f)[:, 0]
    np.testing.assert_allclose(got, [np.nan, 1.0, 1.5, 3.0])
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 1))
    for t in range(1, 200):
        x[t] += 0.8 * x[t - 1]
    ahead = predictors.autoregression(x, Split(100, 150, 200))
    slope, level = np.polyfit(x[:149, 0], x[1:150, 0], 1)
    np.testing.assert_allclose(ahead[1:, 0], level + slope * x[:-1, 0])


def test_sequences_end_at_the_date_or_before_it() -> None:
    x = np.arange(4.0)[:, None]
    np.testing.assert_allclose(predictors.sequences(x, 2, "fit")[1:], [[0, 1], [1, 2], [2, 3]])
    np.testing.assert_allclose(predictors.sequences(x, 2, "forecast")[2:], [[0, 1], [1, 2]])


def test_a_linear_model_finds_what_yesterday_tells() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(600, 2))
    y = np.zeros(600)
    y[1:] = 0.5 * x[:-1, 0] + 0.1 * rng.normal(size=599)
    split = Split(336, 420, 600)
    got = predictors.by_linear(y, x, split, 3, "forecast").predicted
    assert np.corrcoef(got[420:], y[420:])[0, 1] > 0.95
    blind = predictors.by_linear(y, x, split, 3, "fit").predicted
    assert np.corrcoef(blind[420:], y[420:])[0, 1] > 0.95  # yesterday is in its sequence too


def _french(folder: Path, months: int = 130) -> None:
    """Files in which the industries follow three factors."""
    rng = np.random.default_rng(5)
    dates = (np.datetime64("2000-01", "M") + np.arange(months)).astype(str)
    f, safe = rng.normal(0, 3, (months, 5)), np.full((months, 1), 0.1)
    loading = np.zeros((5, 3))
    loading[:3] = [[1.0, 0.8, 0.9], [0.2, 0.1, 0.0], [-0.4, 0.0, 0.4]]
    tables = {
        "F-F_Research_Data_Factors": ("Mkt-RF,SMB,HML,RF", np.hstack([f[:, :3], safe])),
        "F-F_Research_Data_5_Factors_2x3": ("Mkt-RF,SMB,HML,RMW,CMA,RF", np.hstack([f, safe])),
        "F-F_Momentum_Factor": ("Mom", rng.normal(0, 4, (months, 1))),
        "5_Industry_Portfolios": ("HiTec,Manuf,Other", f @ loading + rng.normal(0.1, 0.5, (months, 3))),
    }
    for name, (head, values) in tables.items():
        lines = [
            f"{date.replace('-', '')}," + ",".join(f"{v:.4f}" for v in row)
            for date, row in zip(dates, values, strict=True)
        ]
        (folder / f"{name}.csv").write_text("\n".join(["text", "", f",{head}", *lines, ""]))


def test_the_figure_draws_what_it_returns() -> None:
    actual = {"HiTec": np.array([0.01, -0.02, 0.03]), "Other": np.array([0.0, 0.01, 0.02])}
    predicted = {"FF5": {"HiTec": np.array([0.01, np.nan, 0.02]), "Other": np.zeros(3)}}
    frame, figure = predicted_against_actual(actual, predicted, ("FF5",), {("FF5", s): 0.5 for s in actual})
    assert list(frame.columns) == ["model", "sector", "actual", "predicted"]
    assert len(frame) == 5
    titles = ["HiTec, FF5: R2 = 0.500", "Other, FF5: R2 = 0.500"]
    assert [axes.get_title(loc="left") for axes in figure.axes] == titles
    drawn = figure.axes[0].collections[0].get_offsets()
    np.testing.assert_allclose(drawn, [[1.0, 1.0], [3.0, 2.0]])


FILES = {"table.csv", "table.parquet", "predictions.parquet", "fit.svg", "forecast.svg", "comparison.json"}


def test_the_command_from_files_to_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _french(tmp_path)
    quick = partial(LstmOptions, trials=(Trial(4, 1e-2),), epochs=2)
    monkeypatch.setattr("jqfast.comparison.LstmOptions", quick)  # the command has no option for it
    out = tmp_path / "made" / "here"
    arguments = ["compare", "--french", str(tmp_path), "--frequency", "monthly", "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "One-step forecast: data up to the date before" in result.output
    assert "A high R2 of fit is no forecast." in result.output
    assert {path.name for path in out.iterdir()} == FILES
    table = pd.read_csv(out / "table.csv")
    assert tuple(table.columns) == HEADINGS
    assert len(table) == 2 * 3 * (8 + 11)
    fit = table[(table["column"] == "fit") & (table["part"] == "validation")].set_index(["sector", "model"])
    assert fit.loc[("HiTec", "FF5"), "r2"] > 0.9
    long = pd.read_parquet(out / "predictions.parquet")
    assert len(long) == 130 * 3 * (8 + 11)
    summary = json.loads((out / "comparison.json").read_text())
    assert summary["trials_per_lstm"] == 1
    assert summary["dates"][2] == 130
    assert summary["request"]["frequency"] == "monthly"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Name data to compare on: `--french`, `--prices` or `--store`."),
        (["--prices", "a.csv", "--store", "b"], "two sources of prices; give one of them"),
        (["--french", "nowhere"], "No such folder: `nowhere`"),
        (["--french", ".", "--frequency", "weekly"], "Unknown frequency `weekly`"),
        (["--french", "."], "holds no factors of us, daily"),
    ],
)
def test_mistakes_of_the_command(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["compare", *arguments])
    assert result.exit_code == 2
    assert says in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_prices_alone_cannot_give_the_models(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    days = pd.bdate_range("2020-01-06", periods=300)
    rows = [
        {"date": d, "code": c, "open": p, "high": p, "low": p, "close": p, "volume": 100, "sector33": s}
        for c, s in (("1301", "3650"), ("1302", "7050"))
        for d, p in zip(days, 100 * np.exp(rng.normal(0, 0.01, 300).cumsum()), strict=True)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "prices.csv", index=False)
    result = CliRunner().invoke(app, ["compare", "--prices", str(tmp_path / "prices.csv")])
    assert result.exit_code == 2
    assert "FF3, Carhart and FF5 need market values and accounts" in result.stderr
    both = ["compare", "--prices", str(tmp_path / "prices.csv"), "--french", str(tmp_path)]
    result = CliRunner().invoke(app, both)
    assert "`--usdjpy` must name a file of rates" in result.stderr


def test_sectors_can_be_given_another_group(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    lines = [f"2024-01-0{d},{c},1,1,1,1,1,{s}" for d in (4, 5, 9) for c, s in (("1", "3650"), ("2", "3250"))]
    path.write_text("\n".join(["date,code,open,high,low,close,volume,sector33", *lines]) + "\n")
    french = Request(prices=str(path), groups=("3250=Drugs",))
    with pytest.raises(DataGapError, match="need market values"):
        load(french)
    with pytest.raises(ValueError, match=r"`--group` must be a sector and its group, .* got `x`"):
        load(replace(french, groups=("x",)))
    with pytest.raises(ValueError, match="sectors of the exchange, such as 3650; got 9999"):
        load(replace(french, groups=("9999=Drugs",)))


def test_rates_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "fx.csv"
    path.write_text("symbol,date,close\nN225,2020-01-06,9\nUSDJPY,2020-01-07,110\nUSDJPY,2020-01-06,109\n")
    days, rate = read_series(str(path), "USDJPY")
    assert days.astype(str).tolist() == ["2020-01-06", "2020-01-07"]
    assert rate.tolist() == [109.0, 110.0]
    path.write_text("day,yen\n2020-01-06,109\n")
    with pytest.raises(
        DataGapError,
        match=r"`fx.csv` must have the columns date .* rows of USDJPY; it has day",
    ):
        read_series(str(path), "USDJPY")


def test_japan_in_yen_on_real_prices(real_data: Path) -> None:
    """The market of French's files, brought to yen, is TOPIX; in dollars it is not."""
    french, rates = str(real_data / "french"), str(real_data / "index_fx_daily.parquet")
    request = Request(
        prices=str(real_data / "jp_daily.parquet"),
        sectors=str(real_data / "jquants_listed_info_2023-03-14.csv"),
        french=french,
        usdjpy=rates,
        risk_free=str(real_data / "jgb_yields_daily.parquet"),
        frequency="monthly",
    )
    given = load(request)
    assert given.portfolios.names == ("HiTec", "Manuf", "Other")
    assert set(given.models) == {"CAPM", "FF3", "Carhart", "FF5", "FF6"}
    assert given.contemporaneous is None
    assert "the declared yen series" in given.models["FF3"].notes[-1]
    days, close = read_series(rates, "TOPIX")
    ends = np.flatnonzero(np.diff(days.astype("datetime64[M]")).astype(int))
    topix = close[ends[1:]] / close[ends[:-1]] - 1
    month = days[ends[1:]].astype("datetime64[M]")

    def correlation(factors: Factors) -> float:
        both = np.intersect1d(month, factors.dates.astype("datetime64[M]"))
        x = factors["Mkt-RF"][np.isin(factors.dates.astype("datetime64[M]"), both)]
        assert len(both) > 200
        return float(np.corrcoef(x, topix[np.isin(month, both)])[0, 1])

    yen = given.models["CAPM"]
    assert correlation(yen) > 0.97
    assert correlation(read_factors(french, region="japan", frequency="monthly")["CAPM"]) < 0.9
    found = fit(given.portfolios, yen)
    assert found.n.tolist() == [84, 84, 84]
    assert (found.r2 > 0.75).all()
