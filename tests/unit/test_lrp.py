"""The door to LRP: shapes, options, messages; and the memory wall behind it, `_core` itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from jqfast import _core
from jqfast.explain import ACTIVATIONS, RULES, DenseNet, LrpResult, Rule, lrp, lrp_dense, prepare

RNG = np.random.default_rng(0)
WEIGHTS = [RNG.standard_normal((6, 4)), RNG.standard_normal((4, 3))]
BIASES = [RNG.standard_normal(4), RNG.standard_normal(3)]
X = RNG.standard_normal((9, 6))
NET: tuple[Any, ...] = (WEIGHTS, BIASES, ["tanh", "linear"])


def test_names_are_those_of_the_core() -> None:
    assert sorted(RULES) == sorted(_core.lrp_rule_names())
    assert sorted(ACTIVATIONS) == sorted(_core.activation_names())


def test_result_accounts_for_the_whole_prediction() -> None:
    result = lrp_dense(X, *NET, output=2, dtype="float64", return_residual=True)
    assert isinstance(result, LrpResult)
    prediction = (np.tanh(X @ WEIGHTS[0] + BIASES[0]) @ WEIGHTS[1] + BIASES[1])[:, 2]
    np.testing.assert_allclose(result.prediction, prediction, rtol=1e-13)
    np.testing.assert_allclose(
        result.relevance.sum(axis=1) + result.residual * prediction, prediction, rtol=1e-12
    )


def test_dtype_and_single_array_by_default() -> None:
    relevance = lrp_dense(X, *NET)
    assert isinstance(relevance, np.ndarray)
    assert relevance.dtype == np.float32
    assert relevance.shape == X.shape


def test_one_layer_by_hand() -> None:
    x, w, b = np.array([[2.0, -1.0]]), np.array([[1.0], [3.0]]), np.array([0.5])
    result = lrp_dense(
        x, [w], [b], ["linear"], rule="epsilon", epsilon=0.1, dtype="float64", return_residual=True
    )
    z = 2.0 - 3.0 + 0.5
    np.testing.assert_allclose(result.relevance[0], [2.0 * z / (z - 0.1), -3.0 * z / (z - 0.1)])
    assert result.residual[0] == pytest.approx((0.5 - 0.1) / (z - 0.1))


def test_zero_counts_as_positive() -> None:
    """z = 0: the stabiliser is +eps, and relevance given from outside flows by it."""
    x, w = np.array([[1.0, 1.0]]), np.array([[1.0], [-1.0]])
    relevance = lrp_dense(x, [w], None, ["linear"], epsilon=0.5, start=1.0, dtype="float64")
    np.testing.assert_allclose(relevance[0], [2.0, -2.0])
    np.testing.assert_array_equal(lrp_dense(x, [w], None, ["linear"], rule="lrp0", start=1.0), [[0.0, 0.0]])


def test_bias_can_be_redistributed() -> None:
    result = lrp_dense(X, *NET, bias="redistribute", dtype="float64", return_residual=True)
    assert np.abs(result.residual).max() < 1e-12


def test_several_outputs_have_an_axis_of_their_own() -> None:
    several = lrp_dense(X, *NET, output=[2, 0], return_residual=True)
    assert several.relevance.shape == (2, 9, 6)
    assert several.residual.shape == (2, 9)
    for k, output in enumerate((2, 0)):
        single = lrp_dense(X, *NET, output=output, return_residual=True)
        for name in ("relevance", "residual", "prediction"):
            np.testing.assert_array_equal(getattr(several, name)[k], getattr(single, name))
    out = np.empty((2, 9, 6), np.float32)
    assert lrp_dense(X, *NET, output=[2, 0], out=out) is out
    np.testing.assert_array_equal(out, several.relevance)


def test_whole_panels_keep_their_axes() -> None:
    panel = lrp_dense(X.reshape(3, 3, 6), *NET, return_residual=True, start=np.arange(9.0).reshape(3, 3))
    flat = lrp_dense(X, *NET, return_residual=True, start=np.arange(9.0))
    assert panel.relevance.shape == (3, 3, 6)
    assert panel.prediction.shape == (3, 3)
    np.testing.assert_array_equal(panel.relevance.reshape(9, 6), flat.relevance)


def test_results_state_the_scale_of_the_target() -> None:
    result = lrp_dense(X, *NET, dtype="float64", return_residual=True, epsilon=0.01)
    scale = np.sqrt(np.mean(result.prediction**2))
    assert result.scale == pytest.approx(scale)
    assert f"root mean square is {scale:.4g}; epsilon 0.01 is {0.01 / scale:.2%} of it" in result.note
    assert f"kept {np.median(np.abs(result.residual)):.1%} of a prediction" in result.note
    assert "epsilon" not in lrp_dense(X, *NET, rule="lrp0", return_residual=True).note


def test_start_scales_relevance() -> None:
    usual = lrp_dense(X, *NET, dtype="float64", return_residual=True)
    start = np.arange(1.0, 10.0)
    own = lrp_dense(X, *NET, start=start, dtype="float64")
    np.testing.assert_allclose(own, usual.relevance * (start / usual.prediction)[:, None], rtol=1e-12)
    np.testing.assert_array_equal(lrp_dense(X, *NET, start=2.0), lrp_dense(X, *NET, start=np.full(9, 2.0)))


def test_out_is_filled_and_returned() -> None:
    out = np.full(X.shape, 7.0, dtype=np.float32)
    assert lrp_dense(X, *NET, out=out) is out
    np.testing.assert_array_equal(out, lrp_dense(X, *NET))


def test_missing_inputs_are_refused_by_name() -> None:
    dirty = X.copy()
    dirty[5, 0], dirty[3, 1] = -np.inf, np.nan
    with pytest.raises(ValueError, match=r"`x` must be finite; sample 3 has nan in input 1\."):
        lrp_dense(dirty, *NET)
    net = DenseNet(*NET)
    with pytest.raises(ValueError, match=r"sample 3 has nan in input `per`\."):
        lrp(net, dirty, names=["pbr", "per", "c", "d", "e", "f"])
    with pytest.raises(ValueError, match=r"sample \(1, 0\) has nan in input 1\."):
        lrp(net, dirty.reshape(3, 3, 6))
    with pytest.raises(ValueError, match="`start` must be finite; sample 2 starts with NaN"):
        lrp_dense(X, *NET, start=np.where(np.arange(9) == 2, np.inf, 1.0))
    with pytest.raises(ValueError, match=r"`weights\[1\]` must be finite"):
        lrp_dense(X, [WEIGHTS[0], np.full((4, 3), np.nan)], BIASES, NET[2])
    with pytest.raises(ValueError, match="Unknown treatment of missing inputs `skip`"):
        lrp_dense(X, *NET, missing="skip")  # type: ignore[call-overload]  # wrong on purpose


def test_missing_inputs_blank_their_sample_only_on_request() -> None:
    dirty = X.copy()
    dirty[3, 1], dirty[5, 0] = np.nan, -np.inf
    for rule in ("epsilon", "flat", "wsquare", "gamma", "alphabeta"):
        result = lrp_dense(dirty, *NET, rule=rule, dtype="float64", return_residual=True, missing="nan")
        blank = np.isin(np.arange(9), [3, 5])
        np.testing.assert_array_equal(np.isnan(result.relevance).all(axis=1), blank)
        np.testing.assert_array_equal(np.isnan(result.residual), blank)
        clean = lrp_dense(X, *NET, rule=rule, dtype="float64")
        np.testing.assert_array_equal(result.relevance[~blank], clean[~blank])


def test_nothing_to_explain() -> None:
    assert lrp_dense(np.empty((0, 6)), *NET).shape == (0, 6)
    relu = ([np.ones((6, 2)), np.ones((2, 1))], None, ["relu", "linear"])
    dead = lrp_dense(-np.ones((4, 6)), *relu, return_residual=True)
    assert not dead.relevance.any()
    assert not dead.residual.any()  # nothing was predicted, so nothing was lost


def test_rules_per_layer_and_zbox_first() -> None:
    named = lrp_dense(X, *NET, rule=["wsquare", "epsilon"])
    np.testing.assert_array_equal(named, lrp_dense(X, *NET, rule=[Rule("wsquare"), Rule("epsilon")]))
    box = Rule("zbox", low=-3.0, high=np.full(6, 3.0))
    np.testing.assert_array_equal(
        lrp_dense(X, *NET, rule=box), lrp_dense(X, *NET, rule=[box, Rule("epsilon")])
    )


def test_inputs_of_any_layout() -> None:
    wide = np.asfortranarray(np.repeat(X, 2, axis=1).astype(np.float32))[:, ::2]
    np.testing.assert_array_equal(lrp_dense(wide, *NET), lrp_dense(X, *NET))
    frozen = X.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(lrp_dense(frozen, *NET), lrp_dense(X, *NET))


@pytest.mark.parametrize("threads", [2, 7, None])
def test_threads_do_not_change_a_bit(threads: int | None) -> None:
    x = np.random.default_rng(1).standard_normal((333, 6)).astype(np.float32)
    np.testing.assert_array_equal(lrp_dense(x, *NET, threads=threads), lrp_dense(x, *NET, threads=1))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"rule": "epsilom"}, "Unknown rule `epsilom`. Did you mean `epsilon`"),
        ({"rule": ["epsilon"]}, "one rule or one per layer, 2; got 1"),
        ({"rule": ["epsilon", Rule("zbox", low=0.0, high=1.0)]}, "`zbox` is for the first layer only"),
        ({"rule": "zbox"}, "needs `low` and `high`"),
        ({"rule": Rule("zbox", low=np.zeros(5), high=1.0)}, "`low` must be one number or one per input, 6"),
        ({"rule": Rule("zbox", low=2.0, high=1.0)}, "`low` must not be above `high`"),
        ({"epsilon": -1.0}, "`epsilon` must be a number >= 0; got -1"),
        ({"output": 3}, "`output` must be 0 to 2"),
        ({"output": -1}, "`output` must be 0 to 2"),
        ({"bias": "absorbed"}, "Did you mean `absorb`"),
        ({"dtype": "float16"}, "Unknown dtype `float16`"),
        ({"start": np.ones(4)}, "`start` must be one number or one per sample, 9"),
        ({"out": np.empty((9, 6))}, "`out` must be a C-contiguous float32 array"),
        ({"threads": 0}, "`threads` must be"),
        ({"x": np.ones((9, 5))}, r"`x` must be \(samples, 6\)"),
        ({"x": np.ones(6)}, r"`x` must be \(samples, 6\)"),
        ({"weights": []}, "`weights` must hold one"),
        ({"weights": [WEIGHTS[0], WEIGHTS[1].T]}, "`weights.1.` must have as many rows"),
        ({"weights": [np.ones(6), WEIGHTS[1]]}, r"`weights.0.` must be \(inputs, outputs\)"),
        ({"biases": [BIASES[0]]}, "`biases` must have one entry per layer, 2; got 1"),
        ({"biases": [BIASES[1], BIASES[1]]}, r"`biases.0.` must have shape \(4,\)"),
        ({"activations": ["tanh"]}, "`activations` must have one entry per layer"),
        ({"activations": ["thanh", "linear"]}, "Did you mean `tanh`"),
    ],
)
def test_wrong_arguments(change: dict[str, Any], match: str) -> None:
    call = {"x": X, "weights": WEIGHTS, "biases": BIASES, "activations": ["tanh", "linear"]}
    with pytest.raises(ValueError, match=match):
        lrp_dense(**(call | change))


def test_out_must_not_overlap_the_inputs() -> None:
    x = X.astype(np.float32)
    with pytest.raises(ValueError, match="must not share memory with `x`"):
        lrp_dense(x, *NET, out=x)
    frozen = np.empty_like(x)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="`out` must be writeable"):
        lrp_dense(x, *NET, out=frozen)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"alpha": 2.0, "beta": 2.0, "name": "alphabeta"}, "`alpha` - `beta` must be 1"),
        ({"gamma": -0.1}, "`gamma` must be a number >= 0"),
        ({"epsilon": float("nan")}, "`epsilon` must be a number >= 0"),
        ({"denominator": "activations"}, "Did you mean `activation`"),
        ({"denominator": "activation", "name": "flat"}, "defined for `epsilon` and `lrp0` only"),
    ],
)
def test_rules_out_of_range(change: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        Rule(**change)


def core_call(**change: Any) -> Any:
    """The relevance from the core as the wrapper calls it, with one argument changed."""
    single = [np.ascontiguousarray(a, dtype=np.float32) for a in (*WEIGHTS, *BIASES)]
    call: dict[str, Any] = {
        "layers": [
            (single[0], single[2], "tanh", "epsilon", 1e-3, 0.25, 2.0, 1.0, False),
            (single[1], single[3], "linear", "epsilon", 1e-3, 0.25, 2.0, 1.0, False),
        ],
        "outputs": [0],
        "threads": 1,
        "x": X.astype(np.float32),
        "out": np.empty((1, *X.shape), np.float32),
        "residual": np.empty((1, 9), np.float32),
        "prediction": np.empty((1, 9), np.float32),
        "initial": None,
        "start": None,
    }
    call |= {key: value(call) if callable(value) else value for key, value in change.items()}
    net = _core.lrp_dense_net(call["layers"], outputs=call["outputs"])
    arrays = (call[name] for name in ("x", "out", "residual", "prediction", "initial", "start"))
    _core.lrp_run([(net, *arrays)], threads=call["threads"])  # type: ignore[arg-type]  # wrong ones too
    return call["out"][0]


def test_the_core_accepts_what_the_wrapper_sends() -> None:
    np.testing.assert_array_equal(core_call(), lrp_dense(X, WEIGHTS, BIASES, ["tanh", "linear"]))
    assert _core.lrp_run([]) == []


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"x": X}, "`x` must have dtype float32; got float64"),
        ({"x": X.astype(np.float32)[::2]}, "`x` must be C-contiguous"),
        ({"x": np.ones((9, 5), np.float32)}, "`x` must be samples x inputs"),
        ({"x": np.ones(54, np.float32)}, "`x` must have 2 axes; got 1"),
        ({"out": np.empty((1, 8, 6), np.float32)}, "`out` must have the shape of `x`"),
        ({"out": np.empty((1, 9, 6))}, "`out` must have dtype float32; got float64"),
        ({"out": np.empty((6, 9, 1), np.float32).T}, "`out` must be C-contiguous"),
        ({"out": None}, "`out` must be given where `groups` is not"),
        ({"residual": np.empty((1, 3), np.float32)}, "`residual` must have one value per sample"),
        ({"prediction": np.empty(9, np.float32)}, "`prediction` must have 2 axes; got 1"),
        ({"start": np.empty((1, 2), np.float32)}, "`start` must have one value per sample"),
        ({"outputs": [3]}, "`output` must be less"),
        ({"outputs": []}, "`output` must name at least one"),
        ({"threads": 0}, "`threads` must be 1 to 1024"),
        ({"layers": []}, "`weights` must be given for at least one layer"),
        ({"layers": lambda call: call["layers"][::-1]}, "as many inputs as the one below"),
        (
            {"layers": lambda call: [(np.ones((6, 4), np.int32), *call["layers"][0][1:])]},
            "float32 or float64",
        ),
    ],
)
def test_the_core_checks_for_itself(change: dict[str, Any], match: str) -> None:
    with pytest.raises((ValueError, TypeError), match=match):
        core_call(**change)


def test_the_core_runs_nets_of_one_dtype_together() -> None:
    nets = [prepare(DenseNet(*NET), dtype=dtype).packed(1) for dtype in ("float32", "float64")]
    x, out = X.astype(np.float32), np.empty((1, *X.shape), np.float32)
    job = (x, out, None, None, None, None)
    with pytest.raises(ValueError, match="`x` must be of the dtype of the net"):
        _core.lrp_run([(net, *job) for net in nets])
    assert [net.width for net in nets] == [6, 6]
    assert [net.heads for net in nets] == [1, 1]
