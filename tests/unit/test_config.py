"""The configuration of a run: files, shipped names, overrides, names of folders, what is refused."""

from __future__ import annotations

import tomllib
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

from jqfast import toml
from jqfast.config import Config, DataConfig, read, shipped
from jqfast.learn.models import LstmConfig, MlpConfig


def test_the_default_is_the_shipped_default() -> None:
    assert read() == read("default")
    assert read() == Config(), "configs/default.toml must only say what is the default anyway"


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_configuration_reads_and_survives_a_round_trip(name: str) -> None:
    config = read(name)
    text = toml.dumps(config)
    assert toml.build(Config, tomllib.loads(text)) == config


def test_the_shipped_configurations() -> None:
    together = ("default", "ensemble", "price_only", "price_only_lstm", "reference", "reference_lstm")
    assert shipped() == together


def test_the_saved_configuration_holds_every_key() -> None:
    text = toml.dumps(replace(Config(), threads=2))
    tables = tomllib.loads(text)
    missing = []

    def compare(value: object, table: dict[str, object], where: str) -> None:
        for field in fields(value):  # type: ignore[arg-type]  # a dataclass
            inner = getattr(value, field.name)
            if inner is None:
                assert f"# {field.name} is chosen automatically" in text
            elif field.name not in table:
                missing.append(f"{where}{field.name}")
            elif is_dataclass(inner):
                compare(inner, table[field.name], f"{where}{field.name}.")  # type: ignore[arg-type]

    compare(replace(Config(), threads=2), tables, "")
    assert missing == []


def test_a_file_and_overrides(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text('[learn]\nepochs = 9\nbatch = 64\n[learn.model]\nkind = "mlp"\nhidden = [8]\n')
    config = read(path, ("learn.epochs=3", "features.own.my=close / lag(close, 1) - 1"))
    assert (config.learn.epochs, config.learn.batch) == (3, 64)
    assert config.learn.model == MlpConfig(hidden=(8,))
    assert config.features.own == {"my": "close / lag(close, 1) - 1"}
    assert read(path, ("learn.model.kind=lstm", "learn.model.length=7")).learn.model == LstmConfig(length=7)


@pytest.mark.parametrize(
    ("assignments", "folder"),
    [
        ((), "runs/simulated"),
        (("simulate.null=pure",), "runs/simulated-pure"),
        (("data.prices=some/where/jp.daily.parquet",), "runs/jp"),
        (("learn.model.kind=lstm",), "runs/simulated-lstm"),
        (("name=mine", "out=elsewhere/deep"), "elsewhere/deep/mine"),
    ],
)
def test_the_run_folder_says_what_it_holds(assignments: tuple[str, ...], folder: str) -> None:
    assert read(None, assignments).folder == Path(folder)


@pytest.mark.parametrize("name", ["a/b", "..", "/tmp"])
def test_a_name_is_no_path(name: str) -> None:
    with pytest.raises(ValueError, match="`name` must be the plain name of a folder"):
        Config(name=name)


def test_a_run_is_not_named_as_the_folder_of_markets() -> None:
    with pytest.raises(ValueError, match="`name` must not be `markets`: simulated markets are kept there"):
        Config(name="markets")


@pytest.mark.parametrize("threads", [0, -1, 1025])
def test_threads_are_counted_from_one(threads: int) -> None:
    with pytest.raises(ValueError, match=f"`threads` must be between 1 and 1024; got {threads}"):
        Config(threads=threads)


def test_the_traded_horizon_is_one_that_is_forecast() -> None:
    with pytest.raises(
        ValueError, match=r"`portfolio\.horizon` must be one of `labels\.horizons` \(1, 10\); got 5"
    ):
        read(None, ("labels.horizons=[1, 10]",))


def test_what_is_traded_is_what_was_forecast() -> None:
    with pytest.raises(
        ValueError, match=r"`portfolio\.start` must be that of the labels, 'close'; got 'open'"
    ):
        read(None, ("labels.start=close",))
    assert read(None, ("labels.start=close", "portfolio.start=close")).labels.start == "close"


def test_unknown_names_get_the_closest() -> None:
    with pytest.raises(ValueError, match=r"Unknown configuration `price_onyl`\. Did you mean `price_only`\?"):
        read("price_onyl")
    with pytest.raises(
        ValueError, match=r"Unknown config key `simulate\.stock`\. Did you mean `simulate\.stocks`"
    ):
        read(None, ("simulate.stock=3",))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nothing.toml")


def test_sections_are_frozen() -> None:
    with pytest.raises(AttributeError, match="cannot assign"):
        DataConfig().prices = "x"  # type: ignore[misc]  # that is the point


def test_monthly_labels_need_monthly_folds_and_portfolios() -> None:
    reference = read("reference")
    assert (reference.labels.unit, reference.folds.sample_every) == ("month", 1)
    with pytest.raises(ValueError, match=r"set `folds\.sample_every = 1` and `portfolio\.rebalance"):
        read("reference", ("folds.sample_every=5",))
    with pytest.raises(ValueError, match="forecasts month ends alone"):
        read(None, ("labels.unit=month",))
