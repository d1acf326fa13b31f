"""Treatments: text and back, what of them is a formula and what is fitted, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import jqfast.features as features
from jqfast.data.panel import Panel
from jqfast.errors import DataGapError
from jqfast.features import Family, Normaliser, close, cs_zscore, log, minimum, open_, registry, tanh
from jqfast.features.normalize import Fitted, fit
from jqfast.features.treatment import Treatment, treatment

RATIO = close / open_


@pytest.mark.parametrize("text", ["cs", "log clip=0.02", "ts sigmas=4 cap=60", "cs33 tanh=3", "none clip=0"])
def test_text_and_back(text: str) -> None:
    assert str(treatment(text)) == text


def test_every_declared_treatment_survives_text() -> None:
    for feature in registry.features.values():
        assert treatment(str(feature.treatment)) == feature.treatment
    assert registry["ret_1"].treatment.clip == 0.02  # T-CLIP


def test_what_the_date_decides_is_in_the_formula() -> None:
    assert Treatment("cs", tanh=3).per_date(RATIO) is 3 * tanh(cs_zscore(RATIO) / 3)
    assert Treatment("log", cap=2).per_date(RATIO) is cs_zscore(log(minimum(RATIO, 2)))
    assert Treatment("ts", cap=60).per_date(RATIO) is minimum(RATIO, 60)
    assert Treatment("cs", clip=0.02).per_date(RATIO) is cs_zscore(RATIO)


def test_declared_options_reach_the_fit(sim_panel: Panel) -> None:
    """`ret_1` is cut at 2 % and 98 % of its training rows, `rsi` at the default."""
    X = features.panel(sim_panel.rows(0, 200), ["ret_1", "rsi"], normalize=True)
    x = X.samples[np.isfinite(X.samples).all(axis=1)]
    fitted = fit(x, [X.norms[name] for name in X.names], clip_quantile=0.001)
    np.testing.assert_allclose(
        [fitted.lower[0], fitted.upper[0]], np.quantile(x[:, 0].astype(float), (0.02, 0.98)), rtol=1e-6
    )
    np.testing.assert_allclose(
        [fitted.lower[1], fitted.upper[1]], np.quantile(x[:, 1].astype(float), (0.001, 0.999)), rtol=1e-6
    )


def test_sigmas_are_deviations_of_the_training_rows() -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, (5000, 3)).astype(np.float32)
    fitted = fit(x, ["cs sigmas=1.5", "ts sigmas=2", "none"], clip_quantile=None)
    mean, deviation = x.mean(axis=0, dtype=float), x.std(axis=0, ddof=1, dtype=float)
    np.testing.assert_allclose(fitted.upper[:2], (mean + [1.5, 2, 0] * deviation)[:2], rtol=1e-5)
    np.testing.assert_allclose(fitted.lower[:2], (mean - [1.5, 2, 0] * deviation)[:2], rtol=1e-5)
    assert np.isposinf(fitted.upper[2])


def test_a_shock_above_the_cap_does_not_stretch_the_scale() -> None:
    calm = np.random.default_rng(1).normal(20.0, 2.0, (500, 1))
    shocked = np.concatenate([calm, [[80.0]] * 20])
    capped = np.minimum(shocked, 40.0).astype(np.float32)  # what the formula gives
    free, held = fit(shocked.astype(np.float32), ["ts"]), fit(capped, ["ts cap=40"])
    assert held.scale[0] < free.scale[0] / 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zz", "Unknown norm `zz`"),
        ("", "Unknown norm ``"),
        ("cs clp=0.1", "Unknown option of a norm `clp`"),
        ("cs clip=x", "`clip` must be a number"),
        ("cs clip=0.5", "`clip` must be in"),
        ("cs sigmas=-1", "`sigmas` must be a positive number"),
        ("ts tanh=3", "`tanh` shrinks a per-date z-score"),
        ("rank clip=0.1", "are for values without a bound"),
        ("cs clip=0.1 sigmas=3", "two ways to clip"),
        ("ts cap=inf", "`cap` must be a finite number"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        treatment(text)


def test_a_declaration_is_refused_with_it() -> None:
    with pytest.raises(ValueError, match="`tanh` shrinks"):
        Family("mine").add("f", lambda: RATIO, norm="rank", tanh=2, doc="d.")


NAMES = ["ret_5", "rsi", "vol_yz_20", "dow_sin"]


@pytest.fixture(scope="module")
def normaliser(sim_panel: Panel) -> Normaliser:
    X = features.panel(sim_panel.rows(0, 300), NAMES, normalize=True)
    treatments = tuple(X.norms[name] for name in NAMES)
    return Normaliser(tuple(NAMES), treatments, fit(X.samples, treatments))


def test_production_has_the_bits_of_training(
    sim_panel: Panel, normaliser: Normaliser, tmp_path: Path
) -> None:
    """The saved object, on rows of another run and on a stream's row, against the one in memory."""
    path = tmp_path / "normaliser.json"
    normaliser.save(path)
    again = Normaliser.load(path)
    for name, array in normaliser.fitted.to_arrays().items():
        assert array.tobytes() == again.fitted.to_arrays()[name].tobytes(), name
    X = features.panel(sim_panel.rows(0, 350), NAMES, normalize=True)
    inputs = normaliser.inputs(X)
    assert inputs.shape == (350 * 40, 8)
    assert np.isfinite(inputs).all()
    assert inputs.tobytes() == again.inputs(X).tobytes()
    stream = features.stream(sim_panel.rows(0, 349), NAMES, normalize=True)
    today = {name: values[349] for name, values in sim_panel.columns.items()}
    row = stream.update(
        sim_panel.dates[349], {**today, "listed": sim_panel.listed[349]}, codes=sim_panel.codes
    )
    assert again.inputs(row).tobytes() == inputs[349 * 40 :].tobytes()


def test_damage_is_found(normaliser: Normaliser, tmp_path: Path) -> None:
    path = tmp_path / "n.json"
    normaliser.save(path)
    text = path.read_text()
    for broken in (text[:-40], text.replace("rsi", "rsj"), text.replace("true", "false", 1), "{}", "[]"):
        assert broken != text
        path.write_text(broken)
        with pytest.raises(DataGapError, match="is no whole normaliser"):
            Normaliser.load(path)


def test_other_features_are_refused(sim_panel: Panel, normaliser: Normaliser) -> None:
    panel = sim_panel.rows(0, 60)
    with pytest.raises(ValueError, match="they differ: `rsi`"):
        normaliser.inputs(features.panel(panel, ["rsi", "ret_5", *NAMES[2:]], normalize=True))
    with pytest.raises(ValueError, match="compute it with `normalize=True`"):
        normaliser.inputs(features.panel(panel, NAMES))
    asked = {name: registry[name] for name in NAMES}
    asked["rsi"] = features.Feature("rsi", registry["rsi"].expr, "rank", doc="")
    with pytest.raises(ValueError, match="`rsi` is declared otherwise"):
        normaliser.inputs(features.panel(panel, asked, normalize=True))
    with pytest.raises(ValueError, match="must be of as many features"):
        Normaliser(("a",), ("cs", "cs"), normaliser.fitted)


def test_arrays_of_a_fitted_object_are_complete() -> None:
    with pytest.raises(ValueError, match="missing"):
        Fitted.from_arrays({})
