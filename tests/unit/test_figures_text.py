"""No text of a figure lies on another: every figure of the full report, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from report_inputs import full_input, trust_facts

from jqfast.report import figures, figures_lrp, figures_market, figures_setup, figures_trust
from jqfast.report.inputs import ExplanationFacts, ReportInput
from jqfast.report.style import Style, new_figure, styled

Draw = Callable[[ReportInput, Style], Figure]


def _explained(report: ReportInput) -> ExplanationFacts:
    assert report.explanation is not None
    return report.explanation


FIGURES: dict[str, Draw] = {
    "5": lambda r, s: figures_setup.walk_forward(r.forecast.fold_spans, s)[1],
    "6": lambda r, s: figures.cumulative_returns(r.portfolio.series, s)[1],  # type: ignore[union-attr, arg-type]  # the full input has it
    "9": lambda r, s: figures_lrp.mean_relevance(_explained(r).legs, s)[1],  # type: ignore[arg-type]  # the full input has it
    "10": lambda r, s: figures_lrp.value_vs_relevance(_explained(r).scatters[0], s)[1],
    "11": lambda r, s: figures_market.market_relevance(_explained(r).market, s)[1],  # type: ignore[arg-type]  # the full input has it
    "12": lambda r, s: figures_market.relevance_deciles(_explained(r).deciles, s)[1],  # type: ignore[arg-type]  # the full input has it
    "A": lambda r, s: figures.coverage(r.data.coverage, s)[1],  # type: ignore[arg-type]  # the full input has it
    "B": lambda r, s: figures.rank_ic_over_time(r.forecast.ic_series, s)[1],  # type: ignore[arg-type]  # the full input has it
    "C": lambda r, s: figures.decile_returns(r.forecast.deciles, s)[1],
    "E": lambda _, s: figures_trust.perturbation(trust_facts(), s)[1],
}


def _texts(figure: Figure) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    """What is drawn and where, in pixels; ticks outside of the view are there and not drawn."""
    canvas, drawn, draw = FigureCanvasAgg(figure), [], Text.draw
    canvas.draw()  # settles the layout

    def record(text: Text, *arguments: Any, **options: Any) -> None:
        drawn.append(text)
        draw(text, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", record)
        canvas.draw()
    for text in drawn:
        if text.get_visible() and text.get_text().strip():
            box = text.get_window_extent(canvas.get_renderer())
            yield text.get_text(), (box.x0, box.y0, box.x1, box.y1)


def _overlaps(figure: Figure) -> list[str]:
    """Pairs of texts that share more than a pixel both ways."""
    found = list(_texts(figure))
    pairs = []
    for i, (one, a) in enumerate(found):
        for other, b in found[i + 1 :]:
            across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            if across > 1 and down > 1:
                pairs.append(f"{one} | {other}")
    return pairs


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("name", FIGURES)
def test_no_text_lies_on_another(name: str, language: str) -> None:
    style = Style(language)
    figure = FIGURES[name](full_input(language), style)  # type: ignore[arg-type]  # a text of its values
    with styled(style):
        assert _overlaps(figure) == []
        assert len(list(_texts(figure))) >= 3


def test_the_check_is_awake() -> None:
    figure = new_figure()
    figure.text(0.5, 0.5, "one")
    figure.text(0.5, 0.5, "two")
    assert _overlaps(figure) == ["one | two"]
