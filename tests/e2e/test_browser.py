"""The report in a real browser: no errors, no requests, charts there, nothing overlaps, tables sort."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from browser import Browser, Page, find
from report_inputs import full_input, monitor_facts, trust_facts

from jqfast.report import fonts, html

WIDTHS = (1280, 390)
LANGUAGES = ("en", "ja")

#: Pairs of texts that lie on each other by more than two pixels; hidden ones and charts do not count.
OVERLAPS = """(() => {
  const boxes = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (!node.textContent.trim() || !node.parentElement.checkVisibility()) continue;
    if (node.parentElement.closest("svg, script, style, details:not([open])")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects())
      if (box.width > 1 && box.height > 1) boxes.push([box, node.parentElement, node.textContent.trim()]);
  }
  boxes.sort((a, b) => a[0].top - b[0].top);
  const found = [];
  boxes.forEach(([a, one, text], i) => {
    for (let j = i + 1; j < boxes.length && boxes[j][0].top < a.bottom - 2; j++) {
      const [b, other, words] = boxes[j];
      const over = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - b.top;
      const scrolls = one.closest(".scroll, nav") !== other.closest(".scroll, nav");
      if (over > 2 && down > Math.min(a.height, b.height) / 3 && !scrolls) found.push(`${text} | ${words}`);
    }
  });
  return {checked: boxes.length, found};
})()"""

CHARTS = """[...document.querySelectorAll("figure .plot")].map((plot) => {
  const box = plot.querySelector("svg").getBoundingClientRect();
  return [plot.closest("figure").id, box.width, box.height, plot.querySelectorAll("path, use").length];
})"""

#: Pixels of a character in the font of the page, as text.
GLYPH = """((text) => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 48;
  const pen = canvas.getContext("2d");
  pen.font = `32px ${getComputedStyle(document.body).fontFamily}`;
  pen.fillText(text, 4, 36);
  return Array.from(pen.getImageData(0, 0, 48, 48).data).filter((_, i) => i % 4 === 3).join("");
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    find()
    with Browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The full report in both languages, as files."""
    folder = tmp_path_factory.mktemp("pages")
    return {
        language: html.write(
            folder / f"{language}.html",
            replace(full_input(language), trust=trust_facts(), monitor=monitor_facts()),  # type: ignore[arg-type]  # a text of its values
        )
        for language in LANGUAGES
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_opens_clean_and_whole(
    browser: Browser, reports: dict[str, Path], language: str, width: int
) -> None:
    page = Page(browser, reports[language], width)
    assert page.complaints() == []
    assert page.requests() == []
    charts = page.run(CHARTS)
    assert {f"figure-{key}" for key in ("5", "6", "9", "10a", "11", "12", "A", "B", "C", "I", "J")} <= {
        chart[0] for chart in charts
    }
    for name, across, high, parts in charts:
        assert across > 200, name
        assert high > 100, name
        assert parts > 10, name
    texts = page.run(OVERLAPS)
    assert texts["checked"] > 300
    assert texts["found"] == []
    assert page.run("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"


def test_the_check_of_overlaps_is_awake(browser: Browser, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text('<p style="margin:0">one</p><p style="margin:-1.1em 0 0">two</p>', encoding="utf-8")
    assert Page(browser, bad, 400).run(OVERLAPS)["found"] == ["one | two"]


def test_the_console_is_heard_and_requests_are_seen(browser: Browser, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text('<img src="http://localhost:9/x.png"><script>nothing()</script>', encoding="utf-8")
    page = Page(browser, bad, 400)
    assert any("nothing is not defined" in text for text in page.complaints())
    assert page.requests() == ["http://localhost:9/x.png"]


def test_japanese_is_drawn_and_no_box(browser: Browser, reports: dict[str, Path]) -> None:
    if fonts.japanese_family() is None:
        pytest.skip("no font of this machine has Japanese characters")
    page = Page(browser, reports["ja"], 1280)
    shapes = {page.run(f"{GLYPH}('{text}')") for text in ("予", "測", "図", "\U0010fffd", " ")}
    assert len(shapes) == 5, "two of them look the same: a box for what no font has"


@pytest.mark.parametrize(("section", "column", "down"), [("forecast", 2, True), ("deciles", 1, True)])
def test_a_click_on_a_heading_sorts(
    browser: Browser, reports: dict[str, Path], section: str, column: int, down: bool
) -> None:
    page = Page(browser, reports["en"], 1280)
    head = f"document.querySelectorAll('#{section} table thead th')[{column}]"
    cells = (
        f"[...document.querySelector('#{section} table').tBodies[0].rows].map((row) => "
        f"parseFloat(row.cells[{column}].textContent.replaceAll(',', '').replace('−', '-')))"
    )
    before = page.run(cells)
    assert len(before) == 4
    page.run(f"{head}.click()")
    assert page.run(cells) == sorted(before, reverse=down)
    assert page.run(f"{head}.getAttribute('aria-sort')") == "descending"
    page.run(f"{head}.focus(); {head}.dispatchEvent(new KeyboardEvent('keydown', {{key: 'Enter'}}))")
    assert page.run(cells) == sorted(before)
    assert page.complaints() == []


def test_missing_values_sort_last_both_ways(browser: Browser, reports: dict[str, Path]) -> None:
    page = Page(browser, reports["en"], 1280)
    table = "document.querySelector('#figure-H table')"
    head = f"[...{table}.tHead.rows[0].cells].find((cell) => cell.textContent === 'Share of the truth')"
    column = f"[...{table}.tBodies[0].rows].map((row) => row.cells[{head}.cellIndex].textContent)"
    for _ in range(2):
        page.run(f"{head}.click()")
        assert page.run(column)[-1] == "–"


def test_below_a_limit_sorts_as_the_smallest(browser: Browser, reports: dict[str, Path]) -> None:
    page = Page(browser, reports["en"], 1280)
    table = (
        "[...document.querySelectorAll('#evaluation table')].find((each) => each.tHead && "
        "[...each.tHead.rows[0].cells].some((cell) => cell.textContent === 'p, all steps up'))"
    )
    head = f"[...{table}.tHead.rows[0].cells].find((cell) => cell.textContent === 'p, all steps up')"
    column = f"[...{table}.tBodies[0].rows].map((row) => row.cells[{head}.cellIndex].textContent)"
    page.run(f"{head}.click()")
    assert page.run(column) == ["0.090", "0.060", "0.030", "< 0.001"]
    page.run(f"{head}.click()")
    assert page.run(column) == ["< 0.001", "0.030", "0.060", "0.090"]


def test_the_pointer_shows_values(browser: Browser, reports: dict[str, Path]) -> None:
    page = Page(browser, reports["en"], 1280)
    box = page.run(
        "(() => { const svg = document.querySelector('#figure-6 svg'); "
        "svg.scrollIntoView({behavior: 'instant', block: 'center'}); "
        "const b = svg.getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; })()"
    )
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])
    shown = page.run("document.querySelector('.tip').textContent")
    assert "Long-short (net)" in shown
    assert shown.splitlines()[0].startswith("20")
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=2, y=2)
    assert page.run("document.querySelector('.tip').hidden")


def _view(page: Page, figure: str) -> list[float]:
    """What is shown of a chart: left, top, width, height."""
    shown = page.run(
        f"(() => {{ const v = document.querySelector('#{figure} svg').viewBox.baseVal; "
        "return [v.x, v.y, v.width, v.height]; })()"
    )
    return [float(x) for x in shown]


def _drag(page: Page, figure: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """The mouse pressed at one share of the chart and let go at another."""
    left, top, width, height = page.run(
        f"(() => {{ const svg = document.querySelector('#{figure} svg'); "
        "svg.scrollIntoView({behavior: 'instant', block: 'center'}); "
        "const b = svg.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()"
    )
    at = [(left + x * width, top + y * height) for x, y in (start, end)]
    for kind, (x, y), pressed in (
        ("mouseMoved", at[0], 0),
        ("mousePressed", at[0], 1),
        ("mouseMoved", at[1], 1),
        ("mouseReleased", at[1], 0),
    ):
        button = "left" if kind in ("mousePressed", "mouseReleased") or pressed else "none"
        page.call(
            "Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, buttons=pressed, clickCount=1
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_charts_are_enlarged_where_that_was_asked_for(
    browser: Browser, reports: dict[str, Path], tmp_path: Path, language: str
) -> None:
    assert Page(browser, reports[language], 1280).run("document.querySelectorAll('.zoom').length") == 0
    facts = replace(full_input(language), interactive=True)  # type: ignore[arg-type]  # a text of its values
    page = Page(browser, html.write(tmp_path / "open.html", facts), 1280)
    charts = page.run("document.querySelectorAll('figure .plot').length")
    assert page.run("document.querySelectorAll('.zoom').length") == charts > 8
    titles = page.run("[...document.querySelector('.zoom').children].map((each) => each.title)")
    wanted = ["Enlarge", "Reduce", "Whole chart"] if language == "en" else ["拡大", "縮小", "全体表示"]
    assert titles == wanted
    whole = _view(page, "figure-6")
    _drag(page, "figure-6", (0.5, 0.3), (0.75, 0.55))
    near = _view(page, "figure-6")
    assert near == pytest.approx([whole[2] / 2, near[1], whole[2] / 4, whole[3] / 4], rel=0.02)
    shown = page.run("document.querySelector('.tip').textContent").splitlines()
    button = "document.querySelector('#figure-6 .zoom').children"
    page.run(f"{button}[1].click()")
    assert _view(page, "figure-6")[2] == pytest.approx(1.5 * near[2])
    page.run(f"{button}[2].click()")
    assert _view(page, "figure-6") == pytest.approx(whole)
    _drag(page, "figure-6", (0.5, 0.3), (0.75, 0.55))  # the same place of the whole chart: the same date
    assert page.run("document.querySelector('.tip').textContent").splitlines() == shown
    plot = "document.querySelector('#figure-C .plot')"
    for key in ("+", "ArrowRight", "0"):
        page.run(f"{plot}.dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}', bubbles: true}}))")
        assert (_view(page, "figure-C")[2] < whole[2]) == (key != "0")
    press = f"{plot}.dispatchEvent(new KeyboardEvent('keydown', {{key: 'KEY', cancelable: true}}))"
    assert page.run(press.replace("KEY", "ArrowDown")), "the whole chart leaves the page its arrows"
    for _ in range(8):  # 1.5 to the eighth is beyond the largest zoom
        page.run(press.replace("KEY", "+"))
    largest = _view(page, "figure-C")
    assert largest[2] == pytest.approx(whole[2] / 20)
    page.run(press.replace("KEY", "+"))
    assert _view(page, "figure-C") == pytest.approx(largest)
    assert not page.run(press.replace("KEY", "ArrowDown")), "an enlarged one is moved by them"
    assert _view(page, "figure-C")[1] > largest[1]
    assert page.complaints() == []
    assert page.requests() == []


def test_without_script_the_page_says_the_same(browser: Browser, reports: dict[str, Path]) -> None:
    page = Page(browser, reports["en"], 1280, script=False)
    tree = page.call("DOM.getDocument", depth=0)
    assert tree["root"]["nodeName"] == "#document"
    text = page.call("Page.printToPDF", printBackground=True)["data"]
    content = base64.b64decode(text)
    assert content.startswith(b"%PDF")
    assert len(content) > 100_000
