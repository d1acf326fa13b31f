"""Fold files: complete round trip, damage, cuts, other settings, no half-written file."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from jqfast.errors import DataGapError
from jqfast.features.normalize import Fitted
from jqfast.learn.checkpoint import FoldModel, fold_path, load_fold, resume_fold, save_fold


def example() -> FoldModel:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(2, 5, 4)).astype(np.float32)
    scores[0, 1, 2] = np.nan
    return FoldModel(
        name="2020-01",
        kind="mlp",
        weights=(rng.normal(size=(6, 3)).astype(np.float32), rng.normal(size=(3, 2)).astype(np.float32)),
        biases=(np.zeros(3, np.float32), np.ones(2, np.float32)),
        activations=("tanh", "linear"),
        fitted=Fitted(
            *(np.full(3, k, np.float32) for k in (0, 1, -np.inf, np.inf)), np.array([True, False, True])
        ),
        input_names=("a", "b", "c", "a_isna", "b_isna", "c_isna"),
        dropped=("b",),
        horizons=(1, 5),
        predict_rows=np.arange(10, 15),
        scores=scores,
        history={"loss": (1.0, 0.5)},
        fingerprint="abc",
    )


def test_round_trip(tmp_path: Path) -> None:
    model, path = example(), fold_path(tmp_path / "models", "2020-01")
    save_fold(path, model)
    again = load_fold(path)
    compared = 0
    for item in fields(FoldModel):
        a, b = getattr(model, item.name), getattr(again, item.name)
        if item.name in ("weights", "biases"):
            assert len(a) == len(b)
            pairs = list(zip(a, b, strict=True))
        elif item.name == "fitted":
            pairs = [(getattr(a, f.name), getattr(b, f.name)) for f in fields(Fitted)]
        elif isinstance(a, np.ndarray):
            pairs = [(a, b)]
        else:
            assert a == b
            pairs = []
        for x, y in pairs:
            np.testing.assert_array_equal(x, y)
            assert x.dtype == y.dtype
            compared += 1
    assert compared == 2 + 2 + 5 + 2
    assert sorted(os.listdir(path.parent)) == ["fold_2020-01.safetensors"]


def test_equal_models_are_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_fold(tmp_path / name, example())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_matching_file_is_resumed_and_others_say_why_not(tmp_path: Path) -> None:
    path = fold_path(tmp_path, "2020-01")
    assert resume_fold(path, "abc") == (None, "")
    save_fold(path, example())
    model, why = resume_fold(path, "abc")
    assert model is not None
    assert why == ""
    model, why = resume_fold(path, "other")
    assert model is None
    assert "other data, settings or versions" in why


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_cut_file_is_trained_again(tmp_path: Path, share: float) -> None:
    path = fold_path(tmp_path, "2020-01")
    save_fold(path, example())
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    model, why = resume_fold(path, "abc")
    assert model is None
    assert "is not a complete fold file" in why


def test_a_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = fold_path(tmp_path, "2020-01")
    save_fold(path, example())
    content = bytearray(path.read_bytes())
    content[-7] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataGapError, match="do not match their checksum"):
        load_fold(path)


def test_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_fold(tmp_path / "none.safetensors")


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fold_path(tmp_path, "2020-01")
    save_fold(path, example())
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_fold(path, replace(example(), fingerprint="new"))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]
