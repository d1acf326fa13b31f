"""Frozen dataclasses from TOML and back.

In: parsed TOML tables and ``key=value`` overrides. Out: instances of nested frozen dataclasses, or the
complete TOML text of one. Unknown keys are refused with the closest legal name, wrong types are named with
the whole key. The supported field types are those a configuration needs: bool, int, float, str, tuples and
lists of them, ``Literal`` sets, ``X | None``, mappings from text and nested dataclasses. TOML has no null:
``None`` is written as a comment.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import datetime as dt
import json
import math
import tomllib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from jqfast.errors import closest

T = TypeVar("T")

_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "text",
    dt.date: "a date such as 2016-01-04",
}


class Text(str):
    """A value typed on the command line, read as TOML or as plain text once the wanted type is known."""


def load(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises
    ------
    ValueError
        If the file is no TOML; the message has file, line and column.
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"`{path}` is not valid TOML: {error}") from None


def override(tables: Mapping[str, Any], assignments: tuple[str, ...]) -> dict[str, Any]:
    """``tables`` with ``a.b=value`` assignments laid over it; later ones win, a new ``kind`` empties its own.

    Raises
    ------
    ValueError
        If an assignment has no ``=`` or an empty key.
    """
    result = copy.deepcopy(dict(tables))
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        parts = [part.strip() for part in key.split(".")]
        if not equals or not all(parts):
            raise ValueError(f"`--set` needs `key=value`, for example `learn.epochs=3`; got `{assignment}`.")
        table = result
        for part in parts[:-1]:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise ValueError(f"`{part}` in `--set {assignment}` is a value, not a section.")
        if parts[-1] == "kind" and table.get("kind", value.strip()) != value.strip():
            table.clear()  # another kind has other keys
        table[parts[-1]] = Text(value.strip())
    return result


def build(cls: type[T], table: object, where: str = "") -> T:
    """An instance of the dataclass ``cls`` from a TOML table; absent keys keep their defaults.

    Raises
    ------
    ValueError
        For an unknown key, or a value outside a closed set.
    TypeError
        For a value of the wrong type.
    """
    if not isinstance(table, Mapping):
        raise TypeError(f"`{where}` must be a section of keys; got {_shown(table)}.")
    hints = get_type_hints(cls)
    names = [f.name for f in dataclasses.fields(cls) if f.init]  # type: ignore[arg-type]  # a dataclass
    for key in table:
        if key not in names:
            full = f"{where}.{key}" if where else key
            legal = ", ".join(names)
            raise ValueError(f"Unknown config key `{full}`.{_near(key, names, where)} Known here: {legal}.")
    values = {
        key: _convert(hints[key], value, f"{where}.{key}" if where else key) for key, value in table.items()
    }
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"In `[{where}]`: {error}" if where else str(error)) from None


def _near(key: str, names: list[str], where: str) -> str:
    hint = closest(key, names)
    return hint.replace("`", f"`{where}.", 1) if hint and where else hint


def _convert(kind: Any, value: Any, where: str) -> Any:
    """``value`` as the annotated type ``kind``, or an error that names ``where``."""
    origin, args = get_origin(kind), get_args(kind)
    if isinstance(value, Text):
        value = _read_text(kind, value)
    if origin in (Union, types.UnionType):
        return _convert_union(args, value, where)
    if origin is Literal:
        if value not in args:
            known = ", ".join(map(str, args))
            near = closest(str(value), map(str, args))
            raise ValueError(f"`{where}` must be one of {known}; got {_shown(value)}.{near}")
        return value
    if origin in (tuple, list):
        if not isinstance(value, list | tuple):
            raise TypeError(f"`{where}` must be a list such as {_example(args)}; got {_shown(value)}.")
        items = [_convert(args[0], item, f"{where}[{i}]") for i, item in enumerate(value)]
        return tuple(items) if origin is tuple else items
    if origin is Mapping:
        if not isinstance(value, Mapping):
            raise TypeError(f"`{where}` must be a section of keys; got {_shown(value)}.")
        return {str(key): _convert(args[1], item, f"{where}.{key}") for key, item in value.items()}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return value if isinstance(value, kind) else build(kind, value, where)
    return _convert_scalar(kind, value, where)


def _convert_union(args: tuple[Any, ...], value: Any, where: str) -> Any:
    """``None`` where allowed, a dataclass by its ``kind``, else the first member that accepts the value."""
    if type(None) in args and (value is None or value == "auto"):
        return None
    members = [arg for arg in args if arg is not type(None)]
    if all(dataclasses.is_dataclass(member) for member in members):
        return _convert_kind({kind_of(member): member for member in members}, value, where)
    for member in members[:-1]:
        with contextlib.suppress(TypeError, ValueError):
            return _convert(member, value, where)
    return _convert(members[-1], value, where)


def _convert_kind(members: dict[str, Any], value: Any, where: str) -> Any:
    """The member that the key ``kind`` names; the first one without it."""
    if not isinstance(value, Mapping):
        raise TypeError(f"`{where}` must be a section of keys; got {_shown(value)}.")
    kind = str(value.get("kind", next(iter(members))))
    if kind not in members:
        known = ", ".join(members)
        raise ValueError(
            f"`{where}.kind` must be one of {known}; got {_shown(kind)}.{closest(kind, members)}"
        )
    return build(members[kind], {key: item for key, item in value.items() if key != "kind"}, where)


def kind_of(cls: type) -> str:
    """What tells a dataclass from the others of a union: its name without ``Config``, in small letters."""
    return cls.__name__.removesuffix("Config").lower()


def _convert_scalar(kind: Any, value: Any, where: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind in _KINDS and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise TypeError(f"`{where}` must be {_KINDS[kind]}; got {_shown(value)}.")
    return value


def _read_text(kind: Any, text: Text) -> Any:
    """Command line text as TOML, unless text is what is wanted or what stands there is no TOML."""
    members = get_args(kind) if get_origin(kind) in (Union, types.UnionType, Literal) else (kind,)
    if str in members or (get_origin(kind) is Literal and str(text) in members):
        return str(text)
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        words = [Text(word.strip()) for word in text.split(",")]
        return words if get_origin(kind) is tuple else str(text)


def _shown(value: object) -> str:
    """How a received value appears in a message."""
    return f'text "{value}"' if isinstance(value, str) else f"{value!r}"


def _example(args: tuple[Any, ...]) -> str:
    return {int: "[1, 5]", float: "[0.1, 0.5]"}.get(args[0], '["ret_5", "rsi"]')


def dumps(config: object, *, header: str = "") -> str:
    """The complete TOML text of a dataclass: its own keys first, then a section per nested dataclass."""
    lines = [f"# {line}" for line in header.splitlines()]
    _write_table(config, "", lines)
    return "\n".join(lines) + "\n"


def _write_table(config: Any, prefix: str, lines: list[str]) -> None:
    fields = [f for f in dataclasses.fields(config) if f.init]
    held = {f.name: getattr(config, f.name) for f in fields}
    nested = [name for name, value in held.items() if dataclasses.is_dataclass(value)]
    hints = get_type_hints(type(config))
    unions = [name for name in nested if get_origin(hints[name]) in (Union, types.UnionType)]
    mappings = [name for name, value in held.items() if isinstance(value, Mapping)]
    for name, value in held.items():
        if value is None:
            lines.append(f"# {name} is chosen automatically")
        elif name not in nested + mappings:
            lines.append(f"{name} = {_value(value)}")
    for name in nested + mappings:
        full = f"{prefix}.{name}" if prefix else name
        lines += ["", f"[{full}]"]
        if name in unions:
            lines.append(f'kind = "{kind_of(type(held[name]))}"')
        if name in mappings:
            lines += [
                f"{json.dumps(key, ensure_ascii=False)} = {_value(held[name][key])}" for key in held[name]
            ]
        else:
            _write_table(held[name], full, lines)


def _value(value: Any) -> str:
    """One TOML value. JSON's string escapes are a subset of TOML's."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str | Path):
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    raise TypeError(f"A configuration cannot hold {type(value).__name__} values; got {value!r}.")
