"""One frozen object says everything about a run; it is saved complete as ``config.toml`` in the run folder.

Each room owns the dataclass of its own section; this module adds what belongs to the run, reads TOML files
and ``key=value`` overrides, and knows the configurations shipped in ``jqfast/configs``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeAlias

from jqfast import toml
from jqfast.data.prices import BadRows
from jqfast.data.simulator.config import SimulateConfig
from jqfast.errors import unknown
from jqfast.evaluate.portfolio import PortfolioConfig
from jqfast.factors.table import MODELS
from jqfast.learn.config import TrainConfig
from jqfast.learn.folds import FoldConfig
from jqfast.learn.labels import HORIZONS, Start, TargetKind, Unit

DEFAULT = "default"
#: Folder beside the run folders with the simulated markets of runs.
MARKETS = "markets"
Segment: TypeAlias = Literal["prime", "standard", "growth", "all", ""]
Combine: TypeAlias = Literal["mean", "ranks", "stack"]
#: The member that `[learn]` describes.
BASE = "learn"


@dataclass(frozen=True)
class DataConfig:
    """Where the prices come from.

    Parameters
    ----------
    prices : path of a CSV, TSV or Parquet file of daily bars; empty for a store or the simulated market
    store : folder that `jqfast sync`, `import` or `simulate` filled; empty for prices or the simulated market
    universe : members of a store's market by day: ``"prime"``, ``"standard"``, ``"growth"`` or ``"all"``;
        empty: prime of a store, all of the simulated market
    bad : rows that contradict themselves: ``"error"`` lists them, ``"null"`` goes on without them
    sectors : path of a list of issues with code and sector33; empty for none
    calendar : exchange whose sessions count, such as ``"XTKS"``; empty takes the dates of the data
    session_share : a date on which a smaller share of the listed stocks traded is no session
    """

    prices: str = ""
    store: str = ""
    universe: Segment = ""
    bad: BadRows = "error"
    sectors: str = ""
    calendar: str = ""
    session_share: float = 0.05


@dataclass(frozen=True)
class FeatureConfig:
    """Which features the models see.

    Parameters
    ----------
    use : names of features, or of sets of features, which stand for their members without levels; the default
        is what prices and statements say of a stock, "all" adds flows, market, events and macro series
    own : name -> formula, in the notation of ``jqfast features list``
    """

    use: tuple[str, ...] = ("price_only", "stock_factors")
    own: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelConfig:
    """What is forecast.

    Parameters
    ----------
    horizons : sessions ahead, or months
    unit : ``"session"``, or ``"month"``: only month ends are forecast, to the ends of the months after them
    start : where a position begins: ``"open"`` or ``"close"`` of the next session
    target : ``"standardised"`` (per date), ``"normal_ranks"`` (per date; extreme returns weigh little),
        ``"market"`` (minus the date's mean) or ``"raw"``
    delisting_return : booked after the last price of a delisted stock
    """

    horizons: tuple[int, ...] = HORIZONS
    unit: Unit = "session"
    start: Start = "open"
    target: TargetKind = "standardised"
    delisting_return: float = 0.0


@dataclass(frozen=True)
class ExplainConfig:
    """How forecasts are explained.

    Parameters
    ----------
    epsilon : of the LRP of all forecasts
    samples : forecasts on which it is measured how far the relevances may be trusted; 0 leaves that out
    other_seed : whether one more model is trained for it, the last sampled fold from another seed
    """

    epsilon: float = 1e-3
    samples: int = 600
    other_seed: bool = True

    def __post_init__(self) -> None:
        if self.samples < 0:
            raise ValueError(f"`samples` must be an integer >= 0; got {self.samples}.")


@dataclass(frozen=True)
class ReportConfig:
    """The report: ``language``, ``title`` (empty: the name of the run), ``font`` for Japanese labels, and
    ``interactive`` charts, which can be enlarged.
    """

    language: Literal["en", "ja"] = "en"
    title: str = ""
    font: str = ""
    interactive: bool = False


@dataclass(frozen=True)
class SearchConfig:
    """Hyper-parameters to try before a run, on validation samples alone.

    Parameters
    ----------
    space : key of ``learn`` -> the values to try, as they would be written: ``"learn.learning_rate"`` ->
        ``["1e-3", "3e-4"]``
    method : ``"grid"`` tries all combinations, ``"random"`` draws ``trials`` of them
    trials : combinations that are drawn
    folds : first folds on whose validation part a combination is judged; more than one uses data that
        the first folds could not have known
    seed : of the draws
    """

    space: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    method: Literal["grid", "random"] = "grid"
    trials: int = 20
    folds: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for key, values in self.space.items():
            if not key.startswith("learn.") or key.removeprefix("learn.") in _NOT_SEARCHED or not values:
                raise ValueError(
                    f"`search.space` takes keys of `learn` that leave the loss as it is, each with values to "
                    f"try; got `{key}` = {list(values)}."
                )
        for name in ("trials", "folds"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be an integer >= 1; got {getattr(self, name)}.")


#: Keys whose values have losses that cannot be compared with each other, or that do not belong to the model.
_NOT_SEARCHED = ("loss", "correlation_share", "horizon_weights", "seed", "threads", "device")


@dataclass(frozen=True)
class EnsembleConfig:
    """More models over the same folds, features and targets, and how all scores become one.

    Parameters
    ----------
    members : name -> the keys in which this model learns otherwise than ``[learn]``, as they would be
        written: ``trees = ["learn.model.kind=lightgbm"]``. The model of ``[learn]`` is always a member
    combine : ``"mean"`` of the scores standardised per date, every model of every seed alike; ``"ranks"``:
        mean of the members' ranks; ``"stack"``: weights >= 0 fitted, before each fold, on what the members
        forecast until then and what came
    factors : a factor model of the panel (``"FF3"``, ...) as one more member, its forecast b E[F]; empty for
        none
    residual : the other members learn what the factor model leaves of the returns
    """

    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    combine: Combine = "mean"
    factors: str = ""
    residual: bool = False

    def __post_init__(self) -> None:
        for name, settings in self.members.items():
            if not name.isidentifier() or name in (BASE, *MODELS):
                raise ValueError(
                    f"`ensemble.members` needs names of letters, digits and _ that are no factor model and "
                    f"not `{BASE}`; got `{name}`."
                )
            if strange := [text for text in settings if not text.startswith("learn.")]:
                raise ValueError(
                    f"`ensemble.members.{name}` takes keys of `learn`, such as `learn.epochs=5`; got "
                    f"`{strange[0]}`."
                )
        if self.factors and self.factors not in MODELS:
            raise unknown("factor model", self.factors, MODELS)
        if self.residual and not self.factors:
            raise ValueError(
                "`ensemble.residual` needs the factor model whose residuals: `ensemble.factors`."
            )
        if self.combine != "mean" and not self.several:
            raise ValueError(
                f"`ensemble.combine` = `{self.combine}` combines members, and there is one: name others in "
                "`ensemble.members`. The seeds of one model are always averaged."
            )

    @property
    def several(self) -> bool:
        """Whether there is anything beside the model of ``[learn]``."""
        return bool(self.members or self.factors)


@dataclass(frozen=True)
class ProductionConfig:
    """When a run's health is worth a warning.

    Parameters
    ----------
    window : latest sessions whose inputs are compared with those of training
    stability : population stability index of an input above which it is named
    coverage_drop : fall in the share of stocks with a known value above which an input is named
    ic_window : scored sessions in the rolling RankIC
    sigmas : deviations of that mean within which it counts as chance
    """

    window: int = 20
    stability: float = 0.25
    coverage_drop: float = 0.2
    ic_window: int = 60
    sigmas: float = 3.0

    def __post_init__(self) -> None:
        for name in ("window", "ic_window"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be an integer >= 1; got {getattr(self, name)}.")


@dataclass(frozen=True)
class Config:
    """A run.

    Parameters
    ----------
    name : of the run folder; empty derives one from the data and the model
    out : folder that holds the run folders
    threads : CPU threads, None for all this process may use; results do not depend on it
    """

    name: str = ""
    out: str = "runs"
    threads: int | None = None
    data: DataConfig = field(default_factory=DataConfig)
    simulate: SimulateConfig = field(default_factory=SimulateConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    labels: LabelConfig = field(default_factory=LabelConfig)
    folds: FoldConfig = field(default_factory=FoldConfig)
    learn: TrainConfig = field(default_factory=TrainConfig)
    portfolio: PortfolioConfig = field(default_factory=PortfolioConfig)
    explain: ExplainConfig = field(default_factory=ExplainConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    production: ProductionConfig = field(default_factory=ProductionConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    ensemble: EnsembleConfig = field(default_factory=EnsembleConfig)

    def __post_init__(self) -> None:
        self.members()  # a mistake in one is told now
        if self.threads is not None and not 1 <= self.threads <= 1024:
            raise ValueError(f"`threads` must be between 1 and 1024; got {self.threads}.")
        if self.data.prices and self.data.store:
            raise ValueError(
                f"`data.prices` and `data.store` are two sources; got {self.data.prices!r} and "
                f"{self.data.store!r}. Give one of them."
            )
        for name in ("sectors", "calendar"):
            if getattr(self.data, name) and not self.data.prices:
                raise ValueError(
                    f"`data.{name}` belongs to prices of your own (`data.prices`, or `--prices`); a store "
                    "and the simulated market bring their own."
                )
        if self.portfolio.horizon not in self.labels.horizons:
            legal = ", ".join(map(str, self.labels.horizons))
            got = self.portfolio.horizon
            raise ValueError(f"`portfolio.horizon` must be one of `labels.horizons` ({legal}); got {got}.")
        if self.labels.unit == "month" and (self.folds.sample_every, self.portfolio.rebalance) != (
            1,
            "monthly",
        ):
            raise ValueError(
                '`labels.unit = "month"` forecasts month ends alone; set `folds.sample_every = 1` and '
                '`portfolio.rebalance = "monthly"`.'
            )
        for name in ("start", "delisting_return"):
            label, traded = getattr(self.labels, name), getattr(self.portfolio, name)
            if label != traded:
                raise ValueError(
                    f"`portfolio.{name}` must be that of the labels, {label!r}; got {traded!r}. Set both, so "
                    "that what is traded is what was forecast."
                )
        if Path(self.run_name).name != self.run_name or self.run_name in (".", ".."):
            raise ValueError(
                f"`name` must be the plain name of a folder; got `{self.name}`. Use `out` for a path."
            )
        if self.run_name == MARKETS:
            raise ValueError(f"`name` must not be `{MARKETS}`: simulated markets are kept there.")

    @property
    def run_name(self) -> str:
        """The given name, or one that tells data and model."""
        kind = toml.kind_of(type(self.learn.model))
        simulated = f"simulated-{self.simulate.null}" if self.simulate.null else "simulated"
        given = self.data.prices or self.data.store
        source = Path(given).resolve().name.split(".")[0] if given else simulated
        kind = "ensemble" if self.ensemble.several else kind
        return self.name or (source if kind == "mlp" else f"{source}-{kind}")

    @property
    def folder(self) -> Path:
        """The run folder."""
        return Path(self.out) / self.run_name

    def members(self) -> dict[str, TrainConfig]:
        """Name -> how each model of the run learns; that of ``[learn]`` is the first.

        Raises
        ------
        ValueError, TypeError
            For a key or value of `ensemble.members` that is none of `learn`.
        """
        found = {BASE: self.learn}
        for name, settings in self.ensemble.members.items():
            tables = tomllib.loads(toml.dumps(self.learn))
            tables = toml.override(tables, tuple(text.removeprefix("learn.") for text in settings))
            try:
                found[name] = toml.build(TrainConfig, tables)
            except (ValueError, TypeError) as error:
                raise type(error)(f"In `ensemble.members.{name}`: {error}") from None
        return found


def read(source: str | Path | None = None, assignments: tuple[str, ...] = ()) -> Config:
    """The configuration of a TOML file or a shipped name, with ``key=value`` overrides laid over it.

    Parameters
    ----------
    source : path of a TOML file, the name of a shipped configuration, or None for the default
    assignments : such as ``"learn.epochs=3"``; later ones win

    Raises
    ------
    ValueError, TypeError
        For a file that is no TOML, an unknown key (with the closest legal one), a value out of range or of
        the wrong type.
    FileNotFoundError
        For a path that does not exist.
    """
    return toml.build(Config, toml.override(_tables(source), assignments))


def shipped() -> tuple[str, ...]:
    """Names of the shipped configurations."""
    folder = resources.files("jqfast") / "configs"
    return tuple(
        sorted(path.name.removesuffix(".toml") for path in folder.iterdir() if path.name.endswith(".toml"))
    )


def _tables(source: str | Path | None) -> dict[str, Any]:
    name = DEFAULT if source is None else str(source)
    if name in shipped():
        with resources.as_file(resources.files("jqfast") / "configs" / f"{name}.toml") as path:
            return toml.load(path)
    path = Path(name)
    if not path.suffix and not path.exists():
        raise unknown("configuration", name, shipped())
    return toml.load(path)
