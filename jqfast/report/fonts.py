"""Which font the figures use: found without touching any global setting of matplotlib.

Japanese labels need a font that has them. Searched in this order: the user's setting (file or family
name), installed fonts known to cover Japanese, the file bundled with the optional package
``matplotlib-fontja``. Without any of them the labels fall back to English and the report says so in one
line.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jqfast.report.inputs import Language

LOG = logging.getLogger("jqfast")

#: families that cover Japanese, best first.
JAPANESE_FAMILIES = (
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "Source Han Sans JP",
    "Source Han Sans",
    "BIZ UDPGothic",
    "Yu Gothic",
    "Hiragino Sans",
    "Hiragino Kaku Gothic ProN",
    "Hiragino Maru Gothic Pro",
    "Meiryo",
    "IPAexGothic",
    "IPAPGothic",
    "IPAGothic",
    "TakaoPGothic",
    "VL PGothic",
    "MS Gothic",
    "Noto Serif CJK JP",
)
#: beginnings of file names of such fonts, for fonts installed after matplotlib made its list.
JAPANESE_FILES = (
    "NotoSansCJK",
    "NotoSansJP",
    "SourceHanSans",
    "ipaexg",
    "ipag",
    "BIZ-UDPGothic",
    "YuGoth",
    "meiryo",
)
#: families for Latin text, best first; the last one comes with matplotlib.
LATIN_FAMILIES = ("Helvetica Neue", "Arial", "Liberation Sans", "Noto Sans", "DejaVu Sans")
#: a font is Japanese if it has all of these.
PROBE = "日本語ロング"


@dataclass(frozen=True)
class FontChoice:
    """The fonts of all figures of one report.

    ``families`` are tried in order for each character, ``language`` is that of the labels (``"en"`` when
    Japanese was asked for and no font has it), ``problem`` is the key of the sentence that tells the
    reader, or empty.
    """

    families: tuple[str, ...]
    language: Language
    problem: str = ""
    requested: str = ""

    def safe(self, text: str) -> str:
        """``text`` with ``?`` for characters that no chosen font has, which would be boxes."""
        return "".join(c if c.isascii() or _has(self.families, c) else "?" for c in text)


def choose_font(language: Language, font: str | None = None) -> FontChoice:
    """The fonts for figure labels in ``language``.

    Parameters
    ----------
    language : "en" or "ja"
    font : path of a font file or name of an installed family to prefer, or None

    Returns
    -------
    FontChoice; never fails: an unusable ``font`` is reported in ``problem`` and logged.
    """
    wanted = _user_family(font) if font else None
    if wanted and language == "ja" and not _covers(wanted, PROBE):
        wanted = None
    problem = "bad_font" if font and wanted is None else ""
    japanese = wanted if wanted and _covers(wanted, PROBE) else japanese_family()
    latin = next((name for name in LATIN_FAMILIES if name in _installed()), "DejaVu Sans")
    if language == "ja" and japanese is None:
        LOG.warning("no Japanese font found: figure labels are in English")
        return FontChoice(_unique((latin, "DejaVu Sans")), "en", "no_font", font or "")
    if problem:
        LOG.warning("font %r was not found or has no Japanese characters", font)
    first = (japanese, latin) if language == "ja" else (wanted, latin, japanese)
    return FontChoice(_unique((*first, "DejaVu Sans")), language, problem, font or "")


def japanese_family() -> str | None:
    """The best installed family that covers Japanese, the bundled one of ``matplotlib-fontja``, or None."""
    for name in JAPANESE_FAMILIES:
        if name in _installed() and _covers(name, PROBE):
            return name
    later = next(iter(_installed_later()), None) or _bundled_file()
    return _register(later) if later else None


def _installed_later() -> list[Path]:
    """Japanese font files on the system that matplotlib's cached list does not know yet."""
    from matplotlib import font_manager

    files = sorted(Path(name) for name in font_manager.findSystemFonts())
    return [path for path in files if path.name.startswith(JAPANESE_FILES) and "Regular" in path.stem] or [
        path for path in files if path.name.startswith(JAPANESE_FILES)
    ]


def _user_family(font: str) -> str | None:
    path = Path(font).expanduser()
    if path.suffix.lower() in (".ttf", ".otf", ".ttc"):
        return _register(path) if path.is_file() else None
    return font if font in _installed() else None


def _register(path: Path) -> str | None:
    """Make a font file known to matplotlib by its family name; None if it is no readable font."""
    from matplotlib import font_manager, ft2font

    try:
        family = ft2font.FT2Font(str(path)).family_name
        if family not in _installed():
            font_manager.fontManager.addfont(str(path))
    except (RuntimeError, OSError):
        return None
    return family


def _bundled_file() -> Path | None:
    """The font file inside matplotlib-fontja, found without importing it (importing it changes settings)."""
    spec = importlib.util.find_spec("matplotlib_fontja")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        files = sorted(Path(folder).glob("**/*.ttf"))
        if files:
            return files[0]
    return None


def _installed() -> set[str]:
    from matplotlib import font_manager

    return {entry.name for entry in font_manager.fontManager.ttflist}


def _covers(family: str, characters: str) -> bool:
    return all(_has((family,), c) for c in characters)


def _has(families: Sequence[str], character: str) -> bool:
    return any(ord(character) in _characters(family) for family in families)


@lru_cache(maxsize=16)
def _characters(family: str) -> frozenset[int]:
    """The code points of an installed family's regular face; empty if its file cannot be read any more."""
    from matplotlib import font_manager, ft2font

    try:
        path = font_manager.findfont(font_manager.FontProperties(family=family), fallback_to_default=False)
        return frozenset(ft2font.FT2Font(path).get_charmap())
    except (RuntimeError, OSError, ValueError):
        return frozenset()


def _unique(names: Sequence[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
