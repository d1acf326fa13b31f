"""The simulated market behind the store: deterministic, null where it says so, its truth in its tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from simulator_support import SMALL, World, build, forward, rank_correlations, world
from typer.testing import CliRunner

from jqfast import data
from jqfast.cli import app
from jqfast.data.simulator import SimulateConfig, companies, effects, filings, read_truth, stress, write
from jqfast.data.simulator.config import Null
from jqfast.data.simulator.flows import FLOW_UNIT
from jqfast.data.simulator.market import Market
from jqfast.data.simulator.sessions import OUTAGE
from jqfast.data.simulator.truth import Oracle
from jqfast.data.store import Store
from jqfast.errors import DataGapError
from jqfast.evaluate.ic import rank_ic
from jqfast.learn.labels import make_labels
from jqfast.types import FloatArray

HORIZON = 5
FOUND = 3.5


def _t_value(per_date: FloatArray) -> float:
    """Newey-West t of a mean with 10 lags."""
    x = per_date[np.isfinite(per_date)]
    d = x - x.mean()
    spectrum = d @ d / len(x)
    for lag in range(1, 11):
        spectrum += 2 * (1 - lag / 11) * (d[lag:] @ d[:-lag]) / len(x)
    return float(x.mean() / np.sqrt(spectrum / len(x)))


def _five_days(there: World) -> FloatArray:
    """(T, N) log return from the next open to the close five sessions ahead."""
    opened, close = forward(there)
    label = np.full(close.shape, np.nan)
    label[:-HORIZON] = close[HORIZON:] - opened[1 : 1 - HORIZON]
    return label


# Configuration


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"stocks": 5}, "`stocks` must be between 10 and 10000"),
        ({"years": 0.1}, "`years` must be between 0.5 and 30"),
        ({"strength": 9.0}, "`strength` must be between 0 and 3"),
        ({"null": "nul"}, "Unknown null market `nul`"),
        ({"years": 29.0}, "must stay within 2000 to 2040"),
    ],
)
def test_values_outside_their_range_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SimulateConfig(**options)  # type: ignore[arg-type]  # passed on


def test_the_same_seed_gives_the_same_tables() -> None:
    small = SimulateConfig(stocks=30, years=1.2, seed=3)
    first, again = build(small), build(small)
    other = build(SimulateConfig(stocks=30, years=1.2, seed=4))
    for name, rows in first.arrow.items():
        assert rows.equals(again.arrow[name]), name
    assert not first.arrow["equities_bars_daily"].equals(other.arrow["equities_bars_daily"])


# The planted market


def test_the_oracle_reaches_what_is_promised() -> None:
    expected = world().grid("expected")[:, effects.HORIZONS.index(HORIZON)]
    per_date = rank_correlations(expected[effects.MOMENTUM :], _five_days(world())[effects.MOMENTUM :])
    assert 0.045 < np.nanmean(per_date) < 0.085
    assert _t_value(per_date) > FOUND
    # The figure that is kept beside the store is that of the code that judges models.
    oracle = Oracle()
    for year in world().years:
        oracle.add(world().market, year)
    label = _five_days(world())
    label[: effects.MOMENTUM + 1] = np.nan
    judged = rank_ic(np.where(np.isfinite(label), expected, np.nan), label, horizon=HORIZON)
    assert abs(oracle.ic() - judged.mean) < 1e-3


def test_each_effect_is_in_the_expectation() -> None:
    """A reader who leaves one driver out expects something else of the next session."""
    drivers, expected = world().grid("drivers")[500], world().grid("expected")[500, 0]
    whole = sum(effects.STRENGTH[name] * drivers[k] for k, name in enumerate(effects.DRIVERS))
    listed = np.isfinite(expected)
    assert listed.sum() > 50
    assert np.allclose(whole[listed], expected[listed], rtol=1e-4, atol=1e-8)
    for k, name in enumerate(effects.DRIVERS):
        assert np.std(effects.STRENGTH[name] * drivers[k][listed]) > 1e-5, name


def test_what_drives_prices_can_be_had_from_the_tables() -> None:
    """Reversal from bars, quality from statements, flow from the weekly table, stress from the options."""
    there = world()
    bars = there.frame("equities_bars_daily")
    sessions, issues = there.market.sessions, there.market.issues
    lonely = pd.Series(issues.code).groupby(issues.code).transform("size").eq(1).to_numpy()
    truth = there.grid("drivers")

    # Reversal: closes, factors and nothing else; the day of the outage is no session.
    open_ = sessions.dates != OUTAGE
    bars = bars[bars.Date != OUTAGE]
    raw = bars.pivot(index="Date", columns="Code", values="C")
    factor = bars.pivot(index="Date", columns="Code", values="AdjFactor").fillna(1.0).cumprod()
    close = np.log(raw / factor)
    once = close[issues.code[lonely]].to_numpy()
    listed = there.grid("listed")[open_][:, lonely]
    last, total, rows = np.full(once.shape[1], np.nan), np.zeros(once.shape[1]), []
    every = np.log(there.grid("prices")[open_, 3] / there.grid("adjustment")[open_])
    last_all = np.full(every.shape[1], np.nan)
    for t in range(len(once)):
        known = np.isfinite(every[t]) & np.isfinite(last_all)
        mean = (every[t] - last_all)[known].mean() if known.any() else 0.0
        mine = np.isfinite(once[t]) & np.isfinite(last)
        total = total + np.where(mine, np.nan_to_num(once[t] - last) - mean, 0.0)
        rows.append(total)
        last = np.where(np.isfinite(once[t]), once[t], last)
        last_all = np.where(np.isfinite(every[t]), every[t], last_all)
    C = np.array(rows)
    mine = C[:-5] - C[5:]
    theirs = truth[open_][5:, effects.DRIVERS.index("reversal")][:, lonely]
    assert np.allclose(mine[listed[5:]], theirs[listed[5:]], rtol=1e-4, atol=2e-6)

    # Flow: the latest published week of the whole market, usable on the session after its publication.
    table = there.frame("equities_investor_types").query("Section == 'TokyoNagoya'")
    first = table.drop_duplicates("StDate")
    flow = (first.FrgnBal / first.TotTot / FLOW_UNIT).to_numpy()
    usable = sessions.row_after(first.PubDate.to_numpy().astype("datetime64[D]"))
    place = np.searchsorted(usable, np.arange(len(sessions.dates)), side="right") - 1
    size = np.argsort(np.argsort(-there.grid("capital")[-1]))
    big = int(np.flatnonzero(size == 0)[0])
    score = truth[100:, effects.DRIVERS.index("flow"), big] / flow[place[100:]]
    shown = np.abs(flow[place[100:]]) > 0.3
    assert np.abs(np.diff(score[shown])).max() < 0.2  # the size score alone, which moves slowly
    assert (score[shown] > 0).all()

    # Stress: the filter over the skews that the options show.
    options = there.frame("derivatives_bars_daily_options_225").query("PCDiv == '2'")
    options = options[options.groupby("Date").CM.transform("min") == options.CM]
    wing = options.assign(x=np.log(options.Strike / options.UnderPx)).groupby("Date")
    slope = -wing.apply(lambda day: np.polyfit(day.x, day.IV, 1)[0] / day.IV.mean())
    assert np.corrcoef(slope, there.market.stress.skew[: len(slope)])[0, 1] > 0.5
    told = there.market.stress
    assert np.corrcoef(told.state, told.probability)[0, 1] > 0.7


def test_statements_feed_value_and_quality() -> None:
    there = world()
    papers = there.frame("fins_summary")
    papers = papers[papers.ShEq.notna()].sort_values("DiscNo")
    issues, sessions = there.market.issues, there.market.sessions
    statement = np.concatenate([year.statement for year in there.years], axis=1)
    counted = 0
    for issue in np.flatnonzero(issues.first == 0)[:40]:
        own = papers[papers.Code == issues.code[issue]]
        row = sessions.row_after(own.DiscDate.to_numpy().astype("datetime64[D]"))
        for t in (150, 700, 1300):
            if t <= issues.last[issue] and (row <= t).any():
                counted += 1
                assert statement[0, t, issue] == own.ShEq.to_numpy()[row <= t][-1]
    assert counted > 60


def test_surprises_can_be_read_off_the_statements() -> None:
    """The earnings driver from forecasts, outcomes and equity as filed, session by session."""
    there = world()
    papers = there.frame("fins_summary")
    sessions, issues = there.market.sessions, there.market.issues
    truth = there.grid("drivers")[:, effects.DRIVERS.index("earnings")]
    counted = 0
    for issue in np.flatnonzero((issues.first == 0) & (issues.last == len(sessions.dates) - 1)):
        own = papers[(papers.Code == issues.code[issue]) & (papers.DocType != "DividendForecastRevision")]
        result = own[own.ShEq.notna()]
        if result.duplicated(["CurFYEn", "CurPerType"]).any():
            continue  # filed again with a correction
        told = np.zeros(len(sessions.dates))
        forecast = equity = np.nan
        row = sessions.row_after(own.DiscDate.to_numpy().astype("datetime64[D]"))
        for paper, t in zip(own.itertuples(), row, strict=True):
            outcome = paper.NP if paper.CurPerType == "FY" and np.isfinite(paper.NP) else paper.FNP
            surprise = (outcome - forecast) / equity
            forecast = paper.NxFNp if np.isfinite(paper.NxFNp) else paper.FNP
            equity = paper.ShEq if np.isfinite(paper.ShEq) else equity
            if 0 < t < len(told) and np.isfinite(surprise):
                told[t] += effects.surprise_unit(np.array(surprise))
        echo, mine = 0.0, np.empty(len(told))
        for t, news in enumerate(told):
            echo = echo * (1.0 if sessions.dates[t] == OUTAGE else effects.FADE) + news
            mine[t] = echo
        counted += 1
        assert np.allclose(mine[1:], truth[1:, issue], rtol=1e-4, atol=1e-5), issues.code[issue]
    assert counted > 20


def test_stress_is_filtered_by_bayes_rule() -> None:
    told = stress.draw_stress(4000, np.random.default_rng(1))
    p = told.probability
    for low, high in ((0.0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.0)):
        some = (p >= low) & (p < high)
        n = int(some.sum())
        assert abs(told.state[some].mean() - p[some].mean()) < 5 * np.sqrt(0.25 / n) + 0.01
    assert abs(told.state.mean() - stress.NORMAL) < 0.08


# The null markets


def test_nothing_is_planted_in_the_pure_market() -> None:
    there = world("pure")
    assert set(there.market.strength.values()) == {0.0}
    assert (there.grid("expected")[there.grid("listed")[:, None].repeat(4, 1)] == 0).all()
    bars = there.frame("equities_bars_daily")
    assert not bars[["UL", "LL"]].any(axis=None)
    raw = bars.C.dropna()
    assert (np.abs(raw - np.rint(raw)) > 1e-6).mean() > 0.95  # no price units
    assert (there.frame("fins_dividend").DivRate == 0).all()
    assert (there.market.issues.news == -1).all()
    # Whoever is listed and not halted trades, however dear.
    halted = there.market.issues.halted | (there.market.sessions.dates == OUTAGE)[:, None]
    untraded = np.isnan(there.grid("prices")[:, 3]) & there.grid("listed")
    assert np.array_equal(untraded, halted & there.grid("listed"))


def test_no_driver_is_found_in_the_pure_market() -> None:
    label = _five_days(world("pure"))[effects.MOMENTUM :]
    drivers = world("pure").grid("drivers")
    for k, name in enumerate(effects.DRIVERS):
        per_date = rank_correlations(drivers[effects.MOMENTUM :, k], label)
        assert np.isfinite(per_date).sum() > 1000
        assert abs(_t_value(per_date)) < FOUND, name


@pytest.mark.parametrize(("null", "reacts"), [(None, True), ("pure", False)])
def test_prices_of_the_pure_market_take_no_notice_of_news(null: Null | None, reacts: bool) -> None:
    """Session of the answer to a document against its surprise; nothing known beforehand may tell it."""
    there = world(null)
    market = there.market
    _, close = forward(there)
    move = np.diff(close, axis=0)
    move = move - np.nanmean(move, axis=1, keepdims=True)
    papers = filings.joined(market.annals.filings)
    results = companies.joined(market.annals.results)
    row, _ = filings.reaction(papers, market.sessions)
    told = (row > 0) & (row <= len(move)) & (papers.kind != filings.CORRECTION) & ~papers.early
    told |= (row > 0) & (row <= len(move)) & (papers.kind == filings.REVISION)
    surprise = effects.surprise_unit(results.surprise[papers.entry[told]])
    answer = move[row[told] - 1, results.issue[papers.entry[told]]]
    known = np.isfinite(answer) & (surprise != 0)
    assert known.sum() > 500
    correlation = np.corrcoef(surprise[known], answer[known])[0, 1]
    assert (correlation > 0.15) if reacts else (abs(correlation) < 4 / np.sqrt(known.sum()))


def test_moves_of_the_pure_market_are_symmetric() -> None:
    """Signs of the moves beside the market's are as often up as down, whatever went before (decision 9)."""
    there = world("pure")
    opened, close = forward(there)
    traded = np.isfinite(opened).any(axis=1)
    day = (close - opened)[traded]
    beside = day - np.nanmean(day, axis=1, keepdims=True)
    n = np.isfinite(beside).sum()
    # Stocks of one sector move together: a tenth of the observations is a careful number of independent ones.
    assert abs(np.nanmean(np.sign(beside))) < 4 / np.sqrt(n / 10)
    scaled = beside / np.nanstd(beside, axis=0)
    assert abs(np.nanmean(np.clip(scaled, -4, 4) ** 3)) < 0.1
    before = np.sign(beside[:-1])
    with np.errstate(invalid="ignore"):
        agree = np.nanmean(before * np.sign(beside[1:]))
    assert abs(agree) < 4 / np.sqrt(n / 10)


def test_frictions_have_dividends_limits_and_news_but_no_effect() -> None:
    there = build(SimulateConfig(stocks=40, years=2.0, seed=2, null="frictions"))
    assert set(there.market.strength.values()) == {0.0}
    bars = there.frame("equities_bars_daily")
    raw = bars.C.dropna()
    assert (np.abs(raw * 10 - np.rint(raw * 10)) < 1e-6).all()
    assert (there.frame("fins_dividend").DivRate > 0).any()


# Over many seeds


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_the_oracle_stays_in_its_band_over_seeds(seed: int) -> None:
    market, oracle = Market(SimulateConfig(stocks=300, years=8.0, seed=seed)), Oracle()
    for year in market.years():
        oracle.add(market, year)
    assert 0.05 <= oracle.ic() <= 0.08


@pytest.mark.slow
def test_drivers_of_many_pure_markets_have_the_t_values_of_chance() -> None:
    found = []
    for seed in range(100, 116):
        market = Market(SimulateConfig(stocks=150, years=5.0, seed=seed, null="pure"))
        there = World(market, tuple(market.years()), {})
        label, drivers = _five_days(there)[effects.MOMENTUM :], there.grid("drivers")[effects.MOMENTUM :]
        found += [_t_value(rank_correlations(drivers[:, k], label)) for k in range(len(effects.DRIVERS))]
    t = np.array(found)
    assert np.abs(t).max() < 4
    assert (np.abs(t) > 1.96).mean() < 0.15
    assert 0.7 < t.std() < 1.4


# The store


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulated") / "store"
    result = CliRunner().invoke(
        app, ["simulate", "--store", str(path), "--stocks", "25", "--years", "0.7", "--seed", "9"]
    )
    assert result.exit_code == 0, result.output
    assert "RankIC of the oracle" in result.output
    return path


def test_the_store_holds_the_tables(stored: Path) -> None:
    there = build(SimulateConfig(stocks=25, years=0.7, seed=9))
    store = Store(stored)
    assert set(store.tables()) == set(there.arrow)
    for name, rows in there.arrow.items():
        assert store.manifest(name).rows == rows.num_rows, name
    bars = store.read("equities_bars_daily", columns=["Date", "Code", "C"]).to_pandas()
    direct = there.frame("equities_bars_daily")
    assert np.array_equal(bars.C, direct.sort_values(["Date", "Code"]).C, equal_nan=True)
    macro = pd.read_parquet(stored / "external" / "macro_daily.parquet")
    assert {"SPX", "USDJPY", "JGB10", "UST10", "VIX"} <= set(macro.name)
    spx = macro[macro.name == "SPX"]
    hours = spx.available_at.dt.tz_convert("America/New_York").dt.hour
    assert (hours == 16).all()
    assert (macro.available_at.dt.tz_convert("Asia/Tokyo").dt.date > macro.date).all()
    # The truth is hidden: near the stamp, never after it, and no close is out before it is made.
    early = macro.available_at - macro.true_available_at
    assert (early.dt.total_seconds() >= 0).all()
    assert early.nunique() > 10
    assert (early.dt.total_seconds() > 0).mean() > 0.9
    truth = spx.true_available_at.dt.tz_convert("America/New_York")
    assert set(truth.dt.hour) == {16}
    assert set(truth.dt.minute) == set(range(15))


def test_the_store_checks_itself_whole(stored: Path) -> None:
    report = Store(stored).check()
    assert report.ok
    assert report.calendar
    for table in report.tables:
        assert (table.gaps, table.duplicates, table.new_columns) == ((), 0, {}), table.name


def test_the_truth_lies_beside(stored: Path) -> None:
    truth = read_truth(stored)
    assert truth.config["seed"] == 9
    assert truth.strength == effects.STRENGTH
    assert np.isfinite(truth.oracle_ic)
    drivers = truth.drivers(start="2026-09-01").to_pandas()
    assert list(drivers.columns) == [
        "Date",
        "Code",
        *effects.DRIVERS,
        *(f"expected_{h}" for h in effects.HORIZONS),
    ]
    assert drivers.Date.min().isoformat() >= "2026-09-01"
    bars = Store(stored).read("equities_bars_daily", start="2026-09-01", columns=["Date", "Code"]).to_pandas()
    assert len(drivers) == len(bars)
    states = {"Date", "stress", "probability", "skew", "flow", "market"}
    assert states | {f"flow_{h}" for h in effects.HORIZONS} == set(truth.states().schema.names)


def test_the_panel_of_the_store_is_judged_as_the_truth_says(stored: Path) -> None:
    """The oracle on the labels of the panel, by the code that judges models; macro series by their time."""
    panel = data.open(stored).panel(universe="all")
    truth = read_truth(stored)
    wide = truth.drivers().to_pandas().pivot(index="Date", columns="Code", values=f"expected_{HORIZON}")
    score = wide.reindex(columns=panel.codes).to_numpy().astype(np.float64)
    assert score.shape == panel.shape
    score[: effects.MOMENTUM + 1] = np.nan
    label = make_labels(panel, (HORIZON,)).returns[0]
    judged = rank_ic(score, label, horizon=HORIZON)
    assert judged.n_dates > 50
    # Twenty stocks: a tie or a dividend more or less moves a date's rank correlation by hundredths.
    assert abs(judged.mean - truth.oracle_ic) < 0.02
    macro = stored / "external" / "macro_daily.parquet"
    spx = data.read_external(
        macro, {"spx_again": "value"}, available_at="available_at", where={"name": "SPX"}
    )
    joined = data.attach(panel, spx)
    assert np.isfinite(joined["spx_again"]).all()
    assert (joined["spx_again_age"] >= 1).all()
    assert np.array_equal(joined["spx_again"], joined["spx"])  # tables that lie in the store are joined alike


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match="must be a new or an empty folder"):
        write(tmp_path, SMALL)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(DataGapError, match="not written by `jqfast simulate`"):
        read_truth(tmp_path)
    result = CliRunner().invoke(app, ["simulate", "--store", str(tmp_path), "--null", "none"])
    assert result.exit_code == 2
    assert "Unknown null market" in result.output
