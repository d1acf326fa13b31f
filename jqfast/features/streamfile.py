"""The file of a stream: what it computes as JSON, then the engine's state; both guarded by a checksum.

jqfast-stream 1\\n | length of the JSON, 8 bytes | SHA-256 of the JSON, 32 bytes | JSON | zeros | state
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from jqfast.errors import DataGapError
from jqfast.features.passes import Plan
from jqfast.features.passes.graph import Input
from jqfast.files import replacing
from jqfast.types import CodeArray

if TYPE_CHECKING:
    from jqfast import _core
    from jqfast.features.stream import Recipe

_MAGIC = b"jqfast-stream 1\n"
_FIXED = len(_MAGIC) + 8 + 32
_ALIGN = 4096


def write_stream(
    path: Path, recipe: Recipe, codes: CodeArray, date: np.datetime64 | None, session: _core.Session
) -> None:
    """The file, whole or not at all."""
    facts = {
        "names": recipe.names,
        "norms": dict(recipe.norms),
        "normalized": recipe.normalized,
        "dtype": recipe.dtype,
        "session_share": recipe.session_share,
        "plan": recipe.plan.text,
        "inputs": [list(column) for column in recipe.plan.inputs],
        "groups": [list(column) for column in recipe.plan.inputs if column in recipe.plan.groups],
        "outputs": recipe.plan.outputs,
        "codes": codes.tolist(),
        "date": None if date is None else str(date),
    }
    text = json.dumps(facts, ensure_ascii=False).encode()
    head = _MAGIC + len(text).to_bytes(8, "little") + hashlib.sha256(text).digest() + text
    start, size = _start(len(text)), session.saved_size
    with replacing(path) as temporary:
        with temporary.open("r+b") as file:
            file.write(head)
            file.truncate(start + size)
            if hasattr(os, "posix_fallocate"):  # a full disk is an error here, and a crash in a mapping
                os.posix_fallocate(file.fileno(), 0, start + size)
        state = np.memmap(temporary, dtype=np.uint8, mode="r+", offset=start, shape=(size,))
        session.save(state)
        state.flush()
        del state


def read_stream(
    path: Path,
) -> tuple[Recipe, _core.Plan, _core.Session, CodeArray, np.datetime64 | None]:
    """What `write_stream` wrote."""
    from jqfast import _core
    from jqfast.features.stream import Recipe

    text, size = _facts(path)
    try:
        facts: dict[str, Any] = json.loads(text)
        inputs = tuple(Input(axis, name) for axis, name in facts["inputs"])
        groups = frozenset(Input(axis, name) for axis, name in facts["groups"])
        plan = Plan(str(facts["plan"]), inputs, facts["outputs"], groups)
        program = _core.Plan(plan.text)
        norms = MappingProxyType(dict(facts["norms"]))
        names, share = tuple(facts["names"]), facts["session_share"]
        recipe = Recipe(names, norms, facts["normalized"], plan, facts["dtype"], share)
        codes = np.array(facts["codes"], dtype=np.str_)
        date = None if facts["date"] is None else np.datetime64(facts["date"], "D")
        start = _start(len(text))
        state = np.memmap(path, dtype=np.uint8, mode="r", offset=start, shape=(max(0, size - start),))
        session = _core.Session.load(program, state)
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, str(error)) from error
    if program.outputs != len(names) or session.stocks != len(codes):
        raise _damaged(path, "its parts do not belong together")
    return recipe, program, session, codes, date


def _start(text: int) -> int:
    """Where the state begins: on a page, so that it can be mapped."""
    return -(-(_FIXED + text) // _ALIGN) * _ALIGN


def _facts(path: Path) -> tuple[bytes, int]:
    """The JSON, checked, and the length of the file."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(_FIXED)
        if not head.startswith(_MAGIC):
            raise _damaged(path, "it is no stream, or one of another version")
        length = int.from_bytes(head[len(_MAGIC) : len(_MAGIC) + 8], "little")
        text = file.read(length) if length <= size else b""
    if hashlib.sha256(text).digest() != head[len(_MAGIC) + 8 :]:
        raise _damaged(path, "its description is cut or changed")
    return text, size


def _damaged(path: Path, why: str) -> DataGapError:
    return DataGapError(f"`{path}` is no whole stream: {why} Make it again with jqfast.features.stream(...).")
