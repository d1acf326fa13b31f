"""Codes of stocks as people write them: four characters find the code of five."""

from __future__ import annotations

import numpy as np

from jqfast.errors import unknown
from jqfast.types import AnyArray, CodeArray, IntArray


def place_of(codes: CodeArray, code: str) -> int:
    """Place of a code, or of ``code + "0"``.

    Raises
    ------
    ValueError
        If there is neither; the message names the closest.
    """
    found = int(places_of(codes, [code])[0])
    if found < 0:
        raise unknown("code", str(code), codes.tolist())
    return found


def places_of(codes: CodeArray, wanted: AnyArray | list[str]) -> IntArray:
    """Place of each code among unique ``codes``, or of ``code + "0"``; -1 where there is neither.

    Parameters
    ----------
    codes : (N,) of a panel
    wanted : (K,) texts, or whole numbers
    """
    texts = np.asarray(wanted).astype(np.str_)
    found = _places(codes, texts)
    missing = np.flatnonzero(found < 0)
    found[missing] = _places(codes, np.char.add(texts[missing], "0"))
    return found


def _places(codes: CodeArray, wanted: CodeArray) -> IntArray:
    if len(codes) == 0:
        return np.full(len(wanted), -1)
    order = np.argsort(codes)
    at = order[np.minimum(np.searchsorted(codes, wanted, sorter=order), len(codes) - 1)]
    return np.asarray(np.where(codes[at] == wanted, at, -1))
