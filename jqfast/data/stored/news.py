"""Titles of timely disclosures as numbers: good and bad news by keywords, announcements of splits.

A number belongs to the first session that could act on its title; all other sessions of a member have 0,
those before the first title of the store nothing. The words are a `NewsWords`, to be replaced by one's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jqfast.data.lazy import Deferred
from jqfast.data.stored.arrays import array, coded
from jqfast.data.stored.axes import Axes
from jqfast.types import AnyArray, FloatArray, IntArray

TITLES = "td_list"


@dataclass(frozen=True)
class NewsWords:
    """Parts of titles that count for (+1), against (-1), or announce a split."""

    good: tuple[str, ...] = ("上方修正", "増配", "大型受注", "M&A", "Ｍ＆Ａ")
    bad: tuple[str, ...] = ("下方修正", "減配", "無配")
    split: tuple[str, ...] = ("株式分割",)

    def score(self, title: str) -> float:
        """1 for good news, -1 for bad, 0 for neither and for both."""
        return float(any(word in title for word in self.good)) - float(
            any(word in title for word in self.bad)
        )

    def splits(self, title: str) -> float:
        """1 where the title announces a split, else 0."""
        return float(any(word in title for word in self.split))


def title_columns(axes: Axes, words: NewsWords) -> dict[str, Deferred]:
    """``news_score`` and ``split_announced``."""
    names = ("DiscDate", "DiscTime", "Code", "Title")
    rows = axes.store.read_coded(TITLES, columns=names, end=axes.end)
    labels, index = coded(rows["Code"])
    code = axes.lives.find(labels)[index]
    days = array(rows["DiscDate"])
    row = axes.act(TITLES, {"DiscDate": days, "DiscTime": array(rows["DiscTime"])}) - axes.first
    titles, title = coded(rows["Title"])
    life = axes.life(code, days)
    stock = np.where(life < 0, -1, axes.column[life])
    begins = int(row.min(initial=axes.T))
    keep = np.flatnonzero((stock >= 0) & (row >= 0) & (row < axes.T) & (title >= 0))

    def column(number: Callable[[str], float]) -> Deferred:
        values = np.array([number(text) for text in titles.tolist()], np.float64)[title[keep]]
        told = np.flatnonzero(values)
        return _dated(axes, begins, row[keep][told], stock[keep][told], values[told])

    return {"news_score": column(words.score), "split_announced": column(words.splits)}


def _dated(axes: Axes, begins: int, row: IntArray, stock: IntArray, values: FloatArray) -> Deferred:
    """The sum of the values of each cell, 0 where there are none, missing before row ``begins``."""

    def make(low: int, high: int) -> AnyArray:
        out = np.zeros((high - low, len(axes.codes)))
        mine = (row >= low) & (row < high)
        np.add.at(out, (row[mine] - low, stock[mine]), values[mine])
        out[: max(begins - low, 0)] = np.nan
        return axes.masked(out, low)

    return Deferred(axes.shape, make)
