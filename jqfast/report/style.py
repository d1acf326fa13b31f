"""How figures look, and how one becomes a piece of an HTML page.

Colours are safe for the usual kinds of colour blindness (Okabe and Ito's vermillion against blue, tested
in grey as well by different line styles). Settings are applied inside :func:`styled` only and never leak
out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING

from jqfast.report.fonts import FontChoice, choose_font
from jqfast.report.inputs import Unit
from jqfast.report.text import Labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1f2933"
INK_RGB = (0x1F / 255, 0x29 / 255, 0x33 / 255)
MUTED = "#66727f"
GRID = "#e3e7eb"
LONG = "#d55e00"
SHORT = "#0072b2"
BENCHMARK = "#8a949e"
ACCENT = "#33658a"
WEAK = "#c7a27c"
#: relevance from blue (lowers the forecast) over white (0) to red (raises it)
RED = (0xBD / 255, 0x1F / 255, 0x29 / 255)
BLUE = (0x1A / 255, 0x5C / 255, 0xA8 / 255)


class Style:
    """The labels and fonts of one report's figures; labels follow the font."""

    def __init__(self, language: str = "en", font: str | None = None, unit: Unit = "session") -> None:
        text = Labels(language)  # type: ignore[arg-type]  # checked there, with a message for people
        self.font: FontChoice = choose_font(text.language, font)
        self.labels = Labels(self.font.language, unit)

    def safe(self, text: str) -> str:
        """User text with undrawable characters replaced and matplotlib's formula sign made harmless."""
        return self.font.safe(text).replace("$", r"\$")


def _settings(families: tuple[str, ...]) -> dict[str, object]:
    return {
        "font.family": list(families),
        "font.size": 9.5,
        "text.color": INK,
        "axes.edgecolor": "#b6bec6",
        "axes.labelcolor": MUTED,
        "axes.labelsize": 9,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelsize": 9,
        "ytick.labelsize": 9,
        "xtick.major.size": 3,
        "ytick.major.size": 0,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "lines.linewidth": 1.6,
        "lines.solid_joinstyle": "round",
        "path.simplify": True,
        "path.simplify_threshold": 0.3,
        "svg.fonttype": "path",
        "svg.hashsalt": "jqfast",
        "figure.dpi": 100,
        "savefig.dpi": 144,
        "text.usetex": False,
    }


@contextmanager
def styled(style: Style) -> Iterator[None]:
    """Draw inside: matplotlib's defaults plus the settings of the report, restored afterwards."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_settings(style.font.families))  # type: ignore[arg-type]
        yield


def new_figure(width: float = 9.9, height: float = 3.6) -> Figure:
    """An empty figure outside pyplot's registry, laid out by constrained layout; sizes in inches."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    return figure


def date_axis(axes: Axes) -> None:
    """Years, or months where the span is short, as ISO dates without overlaps."""
    from matplotlib.dates import AutoDateFormatter, AutoDateLocator

    locator = AutoDateLocator(minticks=3, maxticks=9)  # type: ignore[no-untyped-call]
    formatter = AutoDateFormatter(locator, defaultfmt="%Y-%m-%d")  # type: ignore[no-untyped-call]
    formatter.scaled = {365.0: "%Y", 30.0: "%Y-%m", 1.0: "%m-%d"}
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(formatter)
    axes.grid(visible=False, axis="x")
    axes.margins(x=0.01)


def to_svg(figure: Figure, prefix: str, style: Style) -> str:
    """The figure as an ``<svg>`` element for inlining: no prolog, no metadata, no addresses, ids made unique.

    The result depends on the figure alone (fixed hash salt, no date). ``prefix`` keeps the ids of several
    figures of one page apart.
    """
    buffer = StringIO()
    with styled(style):
        figure.savefig(
            buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\s+xmlns(:xlink)?="[^"]*"', "", text)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', text)
    text = re.sub(r"url\(#", f"url(#{prefix}-", text)
    text = re.sub(r'href="#', f'href="#{prefix}-', text)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    return (
        re.sub(r"\n\s*", "\n", text).replace("<svg", '<svg aria-hidden="true" focusable="false"', 1).strip()
    )


def relevance_colour(share: float) -> tuple[float, float, float]:
    """RGB of a relevance as a share of the deepest colour: -1 blue, 0 white, +1 red, linear between."""
    if share != share:  # NaN: no colour
        return (1.0, 1.0, 1.0)
    depth = min(abs(share), 1.0)
    red, green, blue = RED if share > 0 else BLUE
    return (1 - depth * (1 - red), 1 - depth * (1 - green), 1 - depth * (1 - blue))


def ink_on(colour: tuple[float, float, float]) -> str:
    """Dark or white text, whichever has the higher contrast (WCAG) on ``colour``."""
    light = luminance(colour) + 0.05
    return INK if light / (luminance(INK_RGB) + 0.05) >= 1.05 / light else "#ffffff"


def luminance(colour: tuple[float, float, float]) -> float:
    """Relative luminance of an sRGB colour, 0 black to 1 white."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
