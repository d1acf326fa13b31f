"""Declarations: a feature is said once, as name, formula, parameters, words and normalisation.

>>> from jqfast.features import close, lag
>>> demo = Family("demo")
>>> demo.add("ret_{k}", lambda k: close / lag(close, k) - 1, k=(1, 5), norm="cs", doc="Simple return.")
>>> [feature.name for feature in demo]
['ret_1', 'ret_5']

Everything else (look-back, axis, unit, columns, timing) is derived from the formula. The families of the
catalogue (one module of `jqfast.features.catalog` each) are collected by `registry` on first use.
"""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from jqfast.errors import unknown
from jqfast.features.checks import Norm, check_feature
from jqfast.features.expr import Expr
from jqfast.features.missing import missing_when
from jqfast.features.scale import unit_name
from jqfast.features.treatment import Treatment


def two_thirds(w: int) -> int:
    """The catalogue's default ``min_periods``: two thirds of the window, rounded up (decision 24)."""
    return -(-2 * w // 3)


@dataclass(frozen=True)
class Feature:
    """One declared feature; facts that follow from the formula are properties."""

    name: str
    expr: Expr
    norm: Norm
    doc: str
    family: str = ""
    req: str = ""
    kind: str = ""
    level: bool = False
    unit: str = ""
    clip: float | None = None  # these four are options of the treatment, see `jqfast.features.treatment`
    sigmas: float | None = None
    tanh: float | None = None
    cap: float | None = None
    purpose: str = ""
    reference: str = ""
    params: Mapping[str, int] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()  # columns without which a set leaves the feature out
    apart: bool = False  # in the sets that name it, neither in "all" nor in "everything"
    variant: bool = False  # of its template: in "everything", not in "all"

    @property
    def timing(self) -> str:
        """When its inputs become known, from their publication rules; see `jqfast.features.timing`."""
        return self.expr.timing

    @property
    def treatment(self) -> Treatment:
        """How it becomes a model input: its norm, and what keeps outliers at bay."""
        return Treatment(self.norm, self.clip, self.sigmas, self.tanh, self.cap)

    @property
    def first_row(self) -> int:
        """The first row of a listing that can have a value, counted from 0."""
        return self.expr.warmup

    @property
    def nan_rule(self) -> str:
        """When there is no value, in words."""
        return "; ".join(missing_when(self.expr))

    @property
    def lookback(self) -> float:
        """Rows before today that the value reads; inf for recursions."""
        return self.expr.lookback


class Family:
    """A named group of declarations; iterating gives its features in the order of declaration.

    Parameters
    ----------
    name : str
    needs : columns that make the family worth offering: a set leaves all of it out on panels without them,
        the features that could be computed as well
    apart : True for a set of its own that "all" and "everything" do not contain
    """

    def __init__(self, name: str, *, needs: tuple[str, ...] = (), apart: bool = False) -> None:
        self.name = name
        self.needs = frozenset(needs)
        self.apart = apart
        self._features: dict[str, Feature] = {}

    def __iter__(self) -> Iterator[Feature]:
        return iter(self._features.values())

    def __len__(self) -> int:
        return len(self._features)

    def add(
        self,
        name: str,
        build: Callable[..., Expr],
        *,
        norm: Norm,
        doc: str,
        req: str = "",
        kind: str = "",
        timing: str | None = None,
        level: bool = False,
        unit: str = "",
        clip: float | None = None,
        sigmas: float | None = None,
        tanh: float | None = None,
        cap: float | None = None,
        purpose: str = "",
        reference: str = "",
        asked: tuple[int, ...] | None = None,
        **grid: int | tuple[int, ...],
    ) -> None:
        """Declare one feature, or one for each combination of the parameters in ``grid``.

        Parameters
        ----------
        name : str, with the parameters in braces: ``"ret_{k}"``
        build : function of the parameters that returns the formula
        norm : per-feature normalisation: cs, cs33, log, rank, ts, flag, unit or none
        doc : one sentence: what it is
        req, kind, purpose, reference : requirement id, kind of the feature map, why anyone wants it, source
        timing : the classes the author expects, as in ``"D0, P+1"``; checked against those derived from the
            publication rules of the inputs
        level : True for a level in yen or shares, built through `as_of`
        unit : the unit in words when the derived one does not say enough
        clip, sigmas, tanh, cap : against outliers, see `jqfast.features.treatment.Treatment`
        asked : values of the one parameter whose features "all" contains, as the requirements name them; the
            others are in "everything"; None: all of them
        **grid : int or tuple of ints, the parameters of ``build``

        Raises
        ------
        ValueError
            If a name stands twice, `asked` are no values of one parameter, or the formula breaks a rule of
            `jqfast.features.checks`.
        """
        axes = {key: values if isinstance(values, tuple) else (values,) for key, values in grid.items()}
        if asked is not None and (len(axes) != 1 or not set(asked) <= set(*axes.values())):
            raise ValueError(f"`asked` of `{name}` must be values of its one parameter; got {asked}.")
        for combination in itertools.product(*axes.values()):
            params = dict(zip(axes, combination, strict=True))
            full = name.format(**params)
            expr = build(**params)
            check_feature(full, expr, norm=norm, level=level)
            Treatment(norm, clip, sigmas, tanh, cap)  # refuses what has no meaning
            if timing is not None and timing != expr.timing:
                raise ValueError(
                    f"Feature `{full}` is declared timing={timing!r}, its formula is {expr.timing!r}."
                )
            self._put(
                Feature(
                    name=full,
                    expr=expr,
                    norm=norm,
                    doc=doc,
                    family=self.name,
                    req=req,
                    kind=kind,
                    level=level,
                    unit=unit or unit_name(expr.scale),
                    clip=clip,
                    sigmas=sigmas,
                    tanh=tanh,
                    cap=cap,
                    purpose=purpose,
                    reference=reference,
                    params=params,
                    needs=self.needs,
                    apart=self.apart,
                    variant=asked is not None and combination[0] not in asked,
                )
            )

    def _put(self, feature: Feature) -> None:
        if feature.name in self._features:
            raise ValueError(f"Feature `{feature.name}` is declared twice in the family `{self.name}`.")
        self._features[feature.name] = feature


class Registry:
    """All declared features by unique name; the catalogue is read on first use."""

    def __init__(self, catalogue: str = "jqfast.features.catalog") -> None:
        self._catalogue = catalogue
        self._features: dict[str, Feature] = {}
        self._loaded = False
        self._lock = threading.RLock()

    @property
    def features(self) -> Mapping[str, Feature]:
        """name -> feature, families in catalogue order, features in the order of declaration."""
        with self._lock:
            if not self._loaded:
                self._load()
        return self._features

    def __getitem__(self, name: str) -> Feature:
        if name not in self.features:
            raise unknown("feature", name, self.features)
        return self.features[name]

    def register(self, family: Family) -> None:
        """Add the features of a family of your own, so that they can be asked for by name.

        Raises
        ------
        ValueError
            If a name is taken.
        """
        with self._lock:
            taken = self.features
            for feature in family:
                if feature.name in taken and taken[feature.name] is not feature:
                    other = taken[feature.name].family
                    raise ValueError(f"Feature `{feature.name}` is already declared by the family `{other}`.")
            self._features.update({feature.name: feature for feature in family})

    def _load(self) -> None:
        package = importlib.import_module(self._catalogue)
        self._loaded = True
        try:
            for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
                namespace = vars(importlib.import_module(f"{self._catalogue}.{module.name}"))
                for family in namespace.values():
                    if isinstance(family, Family):
                        self.register(family)
        except BaseException:
            self._loaded, self._features = False, {}
            raise


#: The one registry of the process.
registry = Registry()
