"""Fonts of the figures: found without settings, English when there is none, never a drawn box."""

from __future__ import annotations

import logging
from pathlib import Path

import matplotlib as mpl
import pytest

from jqfast.report import fonts
from jqfast.report.fonts import FontChoice, choose_font
from jqfast.report.style import Style

DEJAVU = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


@pytest.fixture
def no_japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with nothing but matplotlib's own font."""
    monkeypatch.setattr(fonts, "_installed", lambda: {"DejaVu Sans"})
    monkeypatch.setattr(fonts, "_installed_later", list)
    monkeypatch.setattr(fonts, "_bundled_file", lambda: None)


@pytest.mark.usefixtures("no_japanese")
def test_english_needs_no_japanese_font() -> None:
    assert choose_font("en") == FontChoice(("DejaVu Sans",), "en")


@pytest.mark.usefixtures("no_japanese")
def test_japanese_labels_fall_back_to_english_with_one_logged_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="jqfast"):
        choice = choose_font("ja")
    assert (choice.language, choice.problem) == ("en", "no_font")
    assert [record.message for record in caplog.records] == [
        "no Japanese font found: figure labels are in English"
    ]


@pytest.mark.usefixtures("no_japanese")
def test_labels_follow_the_font() -> None:
    assert Style("ja").labels("long") == "Long"


def test_bundled_file_is_used_when_it_covers_japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "JAPANESE_FAMILIES", ())
    monkeypatch.setattr(fonts, "_installed_later", list)
    monkeypatch.setattr(fonts, "_bundled_file", lambda: DEJAVU)
    monkeypatch.setattr(fonts, "_covers", lambda family, _: family == "DejaVu Sans")
    choice = choose_font("ja")
    assert choice.language == "ja"
    assert choice.families[0] == "DejaVu Sans"


@pytest.mark.usefixtures("no_japanese")
def test_user_file_without_japanese_is_reported() -> None:
    assert choose_font("ja", str(DEJAVU)).problem in ("bad_font", "no_font")
    assert choose_font("en", str(DEJAVU)) == FontChoice(("DejaVu Sans",), "en", "", str(DEJAVU))


@pytest.mark.parametrize("font", ["No Such Family", "/no/such/file.ttf"])
def test_unknown_font_is_reported_not_raised(font: str) -> None:
    choice = choose_font("en", font)
    assert (choice.problem, choice.requested) == ("bad_font", font)


def test_a_file_that_is_no_font_is_no_font(tmp_path: Path) -> None:
    path = tmp_path / "broken.ttf"
    path.write_bytes(b"not a font")
    assert choose_font("en", str(path)).problem == "bad_font"


def test_characters_without_glyph_are_replaced() -> None:
    choice = FontChoice(("DejaVu Sans",), "en")
    assert choice.safe("a−b 日本\U00020bb7") == "a−b ???"


def test_formula_sign_is_plain_text() -> None:
    assert Style("en").safe("price in $ and $") == r"price in \$ and \$"


def test_family_of_a_vanished_file_covers_nothing() -> None:
    assert not fonts._has(("No Such Family",), "日")
