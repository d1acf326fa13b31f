"""Declarations: names from parameters, facts from formulas, rules with reasons; the registry in words."""

from __future__ import annotations

import pytest

from jqfast.data.panel import PRICE_COLUMNS
from jqfast.features import (
    Family,
    as_of,
    close,
    cs_rank,
    describe,
    dow_sin,
    ema,
    lag,
    log,
    names,
    open_,
    registry,
    turnover,
    two_thirds,
    volume,
)
from jqfast.features.declare import Registry
from jqfast.features.describe import COLUMNS, table
from jqfast.features.expr import Expr


def _family() -> Family:
    return Family("mine")


def test_parameters_make_one_feature_each() -> None:
    family = _family()
    family.add("r_{k}_{j}", lambda k, j: close / lag(close, k + j), k=(1, 2), j=(0, 5), norm="cs", doc="d")
    assert [f.name for f in family] == ["r_1_0", "r_1_5", "r_2_0", "r_2_5"]
    assert [dict(f.params) for f in family][1] == {"k": 1, "j": 5}
    assert next(iter(family)).expr is close / lag(close, 1)


def test_facts_come_from_the_formula() -> None:
    family = _family()
    family.add("e", lambda: close / ema(close, 9), norm="cs", doc="d")
    family.add("v", lambda: as_of(volume, 1), norm="log", doc="d", level=True)
    e, v = family
    assert (e.unit, e.timing, e.lookback) == ("number", "D0", float("inf"))
    assert (v.unit, v.level, v.lookback) == ("shares", True, 1)


@pytest.mark.parametrize(
    ("build", "options", "message"),
    [
        (lambda: close, {}, "split degree 1.*as_of"),
        (lambda: volume, {}, "split degree -1"),
        (lambda: log(close), {}, "split degree 1 \\(log of yen per share\\)"),
        (lambda: close + 1, {}, "mixes scales"),
        (lambda: cs_rank(close), {}, "mixes scales"),
        (lambda: close, {"level": True}, "split degree 1"),
        (lambda: as_of(close, 1), {}, "declare `level=True`"),
        (lambda: close / open_, {"level": True}, "not built through `as_of"),
        (lambda: dow_sin, {"norm": "cs"}, 'same for all stocks.*norm="ts"'),
        (lambda: dow_sin, {"norm": "rank"}, "same for all stocks"),
        (lambda: close / open_, {"norm": "zscore"}, "Unknown norm `zscore`"),
        (lambda: dow_sin, {"norm": "unit", "timing": "D0"}, "declared timing='D0', its formula is 'CAL'"),
    ],
)
def test_rules(build, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _family().add("f", build, **{"norm": "cs", "doc": "d", **options})


def test_turnover_is_a_feature_and_no_level() -> None:
    family = _family()
    family.add("t", lambda: turnover, norm="log", doc="d")
    assert next(iter(family)).unit == "yen"


def test_names_are_unique() -> None:
    family = _family()
    family.add("f", lambda: close / open_, norm="cs", doc="d")
    with pytest.raises(ValueError, match="`f` is declared twice in the family `mine`"):
        family.add("f", lambda: open_ / close, norm="cs", doc="d")
    own = Registry()
    assert len(own.features) == len(registry.features)
    clash = Family("clash")
    clash.add("rsi", lambda: close / open_, norm="cs", doc="d")
    with pytest.raises(ValueError, match="`rsi` is already declared by the family `technical`"):
        own.register(clash)
    own.register(family)
    assert own["f"].family == "mine"


def test_unknown_names_tell_the_closest() -> None:
    with pytest.raises(ValueError, match="Unknown feature `rsii`\\. Did you mean `rsi`"):
        describe("rsii")
    with pytest.raises(ValueError, match="Unknown feature set `technicl`\\. Did you mean `technical`"):
        names("technicl")


def test_sets_are_families_and_kinds() -> None:
    everything = names("everything")
    assert len(everything) == len(set(everything)) >= 90
    assert {"technical", "price", "liquidity"} <= {f.family for f in registry.features.values()}
    of_prices = [*names("liquidity"), *names("price"), *names("technical")]
    absent = {"morning_ret", "afternoon_ret", "noon_gap"}  # halves of sessions are in stores alone
    assert names("everything", PRICE_COLUMNS) == names("price_only")
    assert list(names("price_only")) == [name for name in of_prices if name not in absent]
    assert "rsi" in names("momentum")


def test_a_set_apart_is_asked_for_by_its_own_name() -> None:
    assert len(names("alpha158")) == 158
    assert not set(names("alpha158")) & set(names("everything"))
    assert {f.name for f in registry.features.values() if not f.apart} == set(names("everything"))
    assert names("alpha158")[:2] == ("KMID", "KLEN")
    assert {"ROC5", "VSUMD60", "VWAP0"} <= set(names("alpha158"))


def test_sections_of_the_requirements_are_sets() -> None:
    assert {"k_wti_1m", "usdjpy_ret_1", "rate_sector_7050"} <= set(names("macro"))
    assert {"dividend_yield_forecast", "split_window"} <= set(names("corporate"))
    assert "rate_sector_7050" not in names("everything")
    inputs = names("nikko126")
    assert len(inputs) == len(set(inputs)) == 33 + 2 * 24 + 33 + 12
    kinds = [registry[name].kind for name in inputs]
    assert (kinds.count("sector"), kinds.count("time"), kinds.count("macro")) == (33, 12, 48)


def test_all_has_the_windows_that_the_requirements_name() -> None:
    """350 to 450 columns; the rest is a further window of a feature that is there, or one of many dummies."""
    asked, rest = names("all"), set(names("everything")) - set(names("all"))
    assert 350 <= len(asked) <= 450
    assert list(asked) == [name for name in names("everything") if name not in rest]
    assert {"ret_5", "rsi", "atr_norm", "close_sma_ratio_5", "ret_1_lag5", "Close_lag_1"} <= set(asked)
    assert {"close_sma_ratio_120", "rsi_60", "ret_1_lag3", "vol_yz_120", "k_month_1"} <= rest
    dummies = {name for name in names("nikko126") if registry[name].kind in ("sector", "time")}
    assert len(dummies) == 33 + 12
    assert dummies <= rest
    served = {req.strip() for name in asked for req in registry[name].req.split(",")}
    for name in rest - dummies:
        assert {req.strip() for req in registry[name].req.split(",")} <= served, name


def _past(k: int) -> Expr:
    return close / lag(close, k) - 1


def test_asked_windows_are_windows() -> None:
    own = Family("own")
    own.add("x_{k}", _past, k=(1, 2, 3), asked=(2,), norm="cs", doc="d.")
    assert [feature.variant for feature in own] == [True, False, True]
    with pytest.raises(ValueError, match=r"`asked` of `y_\{k\}` must be values of its one.*got \(4,\)"):
        own.add("y_{k}", _past, k=(1, 2), asked=(4,), norm="cs", doc="d.")
    with pytest.raises(ValueError, match="`asked` of `z` must be values of its one parameter"):
        own.add("z", lambda: _past(2), asked=(), norm="cs", doc="d.")


def test_two_thirds_rounds_up() -> None:
    assert [two_thirds(w) for w in (1, 2, 3, 5, 10, 14, 20)] == [1, 2, 2, 4, 7, 10, 14]


def test_descriptions_say_what_is_known() -> None:
    text = str(describe("close_sma_ratio_20"))
    for part in (
        "close / ts_mean(close, 20, min_periods=14)",
        "19 sessions",
        "T-SMA",
        "D0",
        "cs",
        "technical",
    ):
        assert part in text
    assert "all sessions before today" in str(describe("close_ema_ratio_5"))


def test_the_table_has_one_row_per_feature() -> None:
    rows = table(registry.features.values())
    assert len(rows) == len(registry.features) >= len(names("everything"))
    assert {len(row) for row in rows} == {len(COLUMNS)}


@pytest.mark.parametrize("name", names("everything"))
def test_every_feature_says_what_it_is(name: str) -> None:
    feature = registry[name]
    assert feature.doc.endswith(".")
    assert feature.req
    assert feature.kind
    assert 0 <= feature.expr.warmup <= max(feature.lookback, feature.expr.warmup)
