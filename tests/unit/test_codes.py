"""Codes as people write them: four characters find five, a code of its own comes first, numbers are codes."""

from __future__ import annotations

import numpy as np
import pytest

from jqfast.data.codes import place_of, places_of

CODES = np.array(["72030", "130A0", "1301", "13010", "99840"])


def test_four_characters_find_five() -> None:
    wanted = ["9984", "99840", "130A", "1301", "13010", "7204", ""]
    assert places_of(CODES, wanted).tolist() == [4, 4, 1, 2, 3, -1, -1]
    assert places_of(CODES, np.array([7203, 72030, 1])).tolist() == [0, 0, -1]
    assert places_of(CODES, np.array(["9984"], dtype=object)).tolist() == [4]


def test_nothing_has_no_place() -> None:
    assert places_of(CODES[:0], ["7203"]).tolist() == [-1]
    assert places_of(CODES, np.array([], dtype=object)).tolist() == []


def test_one_code_is_found_or_named() -> None:
    assert [place_of(CODES, code) for code in ("7203", "72030", "1301")] == [0, 0, 2]
    with pytest.raises(ValueError, match=r"Unknown code `720`\."):
        place_of(CODES, "720")
