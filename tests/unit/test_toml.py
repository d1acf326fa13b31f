"""Dataclasses from TOML and back: round trip, refusals, command line overrides."""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest

from jqfast import toml


@dataclass(frozen=True)
class Inner:
    epochs: int = 20
    rate: float = 1e-3
    shuffle: bool = True
    sizes: tuple[int, ...] = (64, 32)
    loss: Literal["squared", "huber"] = "squared"


@dataclass(frozen=True)
class TreeConfig:
    depth: int = 3

    def __post_init__(self) -> None:
        if self.depth < 1:
            raise ValueError(f"`depth` must be >= 1; got {self.depth}.")


@dataclass(frozen=True)
class LineConfig:
    slope: float = 1.0


@dataclass(frozen=True)
class Outer:
    name: str = "x"
    threads: int | None = None
    use: tuple[str, ...] = ("all",)
    own: Mapping[str, str] = field(default_factory=dict)
    start: dt.date = dt.date(2016, 1, 4)
    learn: Inner = field(default_factory=Inner)
    model: TreeConfig | LineConfig = field(default_factory=TreeConfig)


@pytest.mark.parametrize(
    "value",
    [
        Outer(),
        Outer(name='日本 "q" \\ \n tab\t', threads=3, use=()),
        Outer(learn=Inner(rate=1e-300, sizes=(), loss="huber", shuffle=False)),
        Outer(model=LineConfig(2.5), start=dt.date(1999, 12, 31)),
        Outer(learn=Inner(rate=math.inf), own={"my.x": 'column("a") / 2', "私": "close"}),
    ],
)
def test_a_written_config_reads_back_equal(value: Outer) -> None:
    text = toml.dumps(value, header="two\nlines")
    assert text.startswith("# two\n# lines\n")
    assert toml.build(Outer, tomllib.loads(text)) == value


def test_the_written_config_is_complete() -> None:
    tables = tomllib.loads(toml.dumps(Outer(threads=1)))
    assert set(tables) == {"name", "threads", "use", "own", "start", "learn", "model"}
    assert set(tables["learn"]) == {"epochs", "rate", "shuffle", "sizes", "loss"}


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (
            {"learn": {"epoch": 3}},
            ValueError,
            r"Unknown config key `learn\.epoch`\. Did you mean `learn\.epochs`\?",
        ),
        ({"nam": "y"}, ValueError, r"Unknown config key `nam`\. Did you mean `name`\?"),
        ({"learn": {"epochs": "three"}}, TypeError, r'`learn\.epochs` must be an integer; got text "three"'),
        ({"learn": {"epochs": True}}, TypeError, r"`learn\.epochs` must be an integer; got True"),
        ({"learn": {"epochs": 2.5}}, TypeError, r"`learn\.epochs` must be an integer; got 2\.5"),
        ({"learn": {"rate": "fast"}}, TypeError, r"`learn\.rate` must be a number"),
        ({"learn": {"sizes": 64}}, TypeError, r"`learn\.sizes` must be a list such as \[1, 5\]; got 64"),
        ({"learn": {"sizes": [64, "x"]}}, TypeError, r"`learn\.sizes\[1\]` must be an integer"),
        ({"learn": {"loss": "hubr"}}, ValueError, r"`learn\.loss` must be one of squared, huber; .*`huber`"),
        ({"learn": 3}, TypeError, r"`learn` must be a section"),
        ({"own": {"my": 3}}, TypeError, r"`own\.my` must be text; got 3"),
        ({"own": "close"}, TypeError, r"`own` must be a section of keys"),
        ({"model": {"kind": "lin"}}, ValueError, r"`model\.kind` must be one of tree, line; .*`line`"),
        ({"model": {"kind": "line", "depth": 2}}, ValueError, r"Unknown config key `model\.depth`"),
        ({"model": {"depth": 0}}, ValueError, r"In `\[model\]`: `depth` must be >= 1; got 0"),
        ({"start": "yesterday"}, TypeError, r"`start` must be a date such as 2016-01-04"),
        ({"threads": "two"}, TypeError, r"`threads` must be an integer"),
    ],
)
def test_what_is_wrong_is_named(table: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        toml.build(Outer, table)


def test_an_integer_serves_as_a_number() -> None:
    rate = toml.build(Outer, {"learn": {"rate": 1}}).learn.rate
    assert isinstance(rate, float)


@pytest.mark.parametrize(
    ("assignment", "check"),
    [
        ("learn.epochs=3", lambda c: c.learn.epochs == 3),
        ("learn.rate=1e-2", lambda c: c.learn.rate == 0.01),
        ("learn.shuffle=false", lambda c: c.learn.shuffle is False),
        ("learn.loss=huber", lambda c: c.learn.loss == "huber"),
        ("learn.sizes=[8, 4]", lambda c: c.learn.sizes == (8, 4)),
        ("use=rsi, ret_5", lambda c: c.use == ("rsi", "ret_5")),
        ('use=["rsi"]', lambda c: c.use == ("rsi",)),
        ("name=12", lambda c: c.name == "12"),
        ("own.my=close / 2", lambda c: c.own == {"my": "close / 2"}),
        ("start=2020-02-03", lambda c: c.start == dt.date(2020, 2, 3)),
        ("model.depth=5", lambda c: c.model == TreeConfig(5)),
        ("model.kind=line", lambda c: c.model == LineConfig()),
        ("threads=2", lambda c: c.threads == 2),
        ("threads=auto", lambda c: c.threads is None),
    ],
)
def test_overrides_are_read_for_the_type_they_meet(assignment: str, check: object) -> None:
    config = toml.build(Outer, toml.override({"learn": {"epochs": 9}}, (assignment,)))
    assert callable(check)
    assert check(config), config


def test_the_last_override_wins_and_the_tables_stay() -> None:
    tables = {"learn": {"epochs": 9}}
    config = toml.build(Outer, toml.override(tables, ("learn.epochs=1", "learn.epochs=2")))
    assert config.learn.epochs == 2
    assert tables == {"learn": {"epochs": 9}}


@pytest.mark.parametrize("assignment", ["learn.epochs", "=3", "learn.=3", ".epochs=3"])
def test_an_override_without_key_or_value_is_refused(assignment: str) -> None:
    with pytest.raises(ValueError, match=r"needs `key=value`"):
        toml.override({}, (assignment,))


def test_another_kind_starts_from_its_own_defaults() -> None:
    tables = {"model": {"kind": "tree", "depth": 9}}
    assert toml.build(Outer, toml.override(tables, ("model.kind=line",))).model == LineConfig()
    assert toml.build(Outer, toml.override(tables, ("model.kind=tree",))).model == TreeConfig(9)
    chosen = toml.override(tables, ("model.kind=line", "model.slope=2"))
    assert toml.build(Outer, chosen).model == LineConfig(2.0)


def test_an_override_through_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="is a value, not a section"):
        toml.override({"name": "x"}, ("name.first=y",))


def test_a_broken_file_is_named_with_its_line(tmp_path: object) -> None:
    path = tmp_path / "config.toml"  # type: ignore[operator]  # pytest's Path
    path.write_text("[learn]\nepochs = \n")
    with pytest.raises(ValueError, match=r"config\.toml` is not valid TOML: .*line 2"):
        toml.load(path)
