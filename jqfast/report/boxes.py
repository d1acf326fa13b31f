"""Judgement in words: the red boxes of page one and the sentence that says whether the result is any good.

Red boxes follow decision 23: a universe without delistings, and any result above the sanity ranges of
real data. On a simulated market the second kind becomes a notice, because there the strength of the
effects was chosen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from jqfast.report.inputs import ReportInput
from jqfast.report.numbers import number, percent
from jqfast.report.prose import sentence
from jqfast.report.text import Labels

#: the top of what real daily data have given out of sample; above is a leak until proved otherwise
RANK_IC_LIMIT = 0.08
SHARPE_LIMIT = 2.5
R2_LIMIT = 0.01
#: |t| from which a RankIC counts as different from zero
T_LIMIT = 2.0


@dataclass(frozen=True)
class Box:
    """One box of page one: ``red`` for warnings, ``note`` for what a reader must merely know."""

    kind: Literal["red", "note"]
    text: str


def boxes(report: ReportInput) -> list[Box]:
    """The boxes of page one, red ones first: survivors, suspected leaks, the pipeline's own, then notices."""
    language = report.language
    red = [sentence(language, "survivors")] if report.data.survivors_only else []
    notes = [sentence(language, "simulated")] if report.data.simulated else []
    what = ("、" if language == "ja" else ", ").join(_above_range(report))
    if what and report.data.simulated:
        notes.append(sentence(language, "simulated_strong", what=what))
    elif what:
        limits = {"rank_ic": RANK_IC_LIMIT, "r2": percent(R2_LIMIT, 0), "sharpe": SHARPE_LIMIT}
        red.append(sentence(language, "leak", what=what, **limits))
    red.extend(report.warnings)
    return [*(Box("red", text) for text in red), *(Box("note", text) for text in notes)]


def _above_range(report: ReportInput) -> list[str]:
    """Name, value and horizon of every result above its sanity range."""
    label, found = Labels(report.language, report.unit), []
    for row in report.forecast.scores:
        horizon = label.horizon(row.horizon)
        if abs(row.rank_ic) > RANK_IC_LIMIT:
            found.append(f"RankIC {number(row.rank_ic, 3)} ({horizon})")
        if row.r2 > R2_LIMIT:
            found.append(f"R² {percent(row.r2, 2)} ({horizon})")
    if report.portfolio is not None and abs(report.portfolio.sharpe_gross) > SHARPE_LIMIT:
        found.append(f"{label('sharpe_gross')} {number(report.portfolio.sharpe_gross)}")
    return found


def verdict(report: ReportInput) -> str:
    """One or two sentences: does the forecast rank stocks, and does a portfolio survive its costs?

    Notes
    -----
    |t| < 2 of the primary RankIC: no evidence. Otherwise the net Sharpe ratio decides: at most 0: the
    costs consume the profit; lower end of its interval above 0: good; interval including 0: not
    established; no interval: silent.
    """
    horizon = Labels(report.language, report.unit).span(report.forecast.primary_horizon)
    text = sentence(report.language, _verdict_key(report), h=horizon)
    if any(box.kind == "red" for box in boxes(report)):
        gap = "" if report.language == "ja" else " "
        text = f"{text}{gap}{sentence(report.language, 'verdict_boxes')}"
    return text


def _verdict_key(report: ReportInput) -> str:
    score = report.forecast.primary()
    if score is None or not math.isfinite(score.t_newey_west):
        return "verdict_unknown"
    if abs(score.t_newey_west) < T_LIMIT:
        return "verdict_none"
    if score.t_newey_west < 0:
        return "verdict_wrong"
    if report.portfolio is None or not math.isfinite(report.portfolio.sharpe_net):
        return "verdict_rank_only"
    if report.portfolio.sharpe_net <= 0:
        return "verdict_costs"
    low = report.portfolio.sharpe_net_interval.low
    if not math.isfinite(low):
        return "verdict_rank_only"
    return "verdict_good" if low > 0 else "verdict_thin"
