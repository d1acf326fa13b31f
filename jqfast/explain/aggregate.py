"""From relevance of model inputs to what can be read: groups of inputs, minus the mean of the date.

Inputs that carry one fact are one group: a value and its ``_isna`` flag, the dummies of a category, features
that share a driver.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jqfast.errors import unknown
from jqfast.types import AnyArray, FloatArray

FLAG = "_isna"


@dataclass(frozen=True)
class InputGroups:
    """Inputs by group, none of them in two.

    Parameters
    ----------
    names : of the G groups
    members : per group, positions of its inputs
    inputs : number of inputs
    """

    names: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]
    inputs: int

    def sum(self, relevance: AnyArray) -> FloatArray:
        """(..., G) relevance of the groups from that of the inputs (..., I)."""
        values = np.asarray(relevance)
        if values.shape[-1:] != (self.inputs,):
            raise ValueError(f"`relevance` must have one value per input, {self.inputs}; got {values.shape}.")
        summed: FloatArray = np.stack(
            [values[..., list(own)].sum(axis=-1, dtype=np.float64) for own in self.members], axis=-1
        )
        return summed


def group_inputs(inputs: Sequence[str], groups: Mapping[str, Sequence[str]] | None = None) -> InputGroups:
    """The groups of a model's inputs.

    Parameters
    ----------
    inputs : names of the model's inputs, flags included
    groups : name of a group -> its features: the dummies of a category, or what shares a driver; every other
        feature is a group of its own. A feature brings its ``_isna`` flag along

    Raises
    ------
    ValueError
        For a feature that is no input (with the closest name), or that is in two groups.
    """
    place = {name: i for i, name in enumerate(inputs)}
    features = [name for name in inputs if not _is_flag(name, place)]
    owner: dict[str, str] = {}
    for group, members in (groups or {}).items():
        for name in members:
            if name not in place:
                raise unknown("input", str(name), features)
            if owner.setdefault(name, group) != group:
                raise ValueError(f"`{name}` must be in one group; it is in `{owner[name]}` and `{group}`.")
    gathered: dict[str, list[int]] = {}
    for name in features:
        own = gathered.setdefault(owner.get(name, name), [])
        own.append(place[name])
        if name + FLAG in place:
            own.append(place[name + FLAG])
    return InputGroups(tuple(gathered), tuple(map(tuple, gathered.values())), len(inputs))


def demean_by_date(values: AnyArray, dates: AnyArray) -> FloatArray:
    """(S, ...) values minus the mean of their date; NaN stays NaN and is in no mean.

    A market-wide input has one value on a date and targets are relative, so only the difference between
    stocks of one date ranks them.
    """
    wide = np.asarray(values, dtype=np.float64)
    if np.shape(dates) != wide.shape[:1]:
        raise ValueError(f"`dates` must have one entry per sample, {wide.shape[0]}; got {np.shape(dates)}.")
    if not len(wide):
        return wide.copy()
    _, date = np.unique(dates, return_inverse=True)
    order = np.argsort(date, kind="stable")
    first = np.flatnonzero(np.diff(date[order], prepend=-1))
    known = np.isfinite(wide)
    total = np.add.reduceat(np.where(known, wide, 0.0)[order], first, axis=0)
    count = np.add.reduceat(known[order], first, axis=0, dtype=np.int64)
    centred: FloatArray = wide - (total / np.maximum(count, 1))[date]
    return centred


def _is_flag(name: str, known: Mapping[str, int]) -> bool:
    return name.endswith(FLAG) and name.removesuffix(FLAG) in known
