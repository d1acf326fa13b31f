"""The API key: from the environment or the files of the official client; never written, never shown.

Read in the order of the official Python client, the later wins: ``~/.jquants-api/jquants-api.toml``,
``./jquants-api.toml``, the file that ``JQUANTS_API_CLIENT_CONFIG_FILE`` names, ``JQUANTS_API_KEY``.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from jqfast.data.jquants.errors import KeyRefusedError

VARIABLE = "JQUANTS_API_KEY"
FILE_VARIABLE = "JQUANTS_API_CLIENT_CONFIG_FILE"
_SECTION = "jquants-api-client"


@dataclass(frozen=True)
class ApiKey:
    """A key and where it came from. The secret is in no representation of the object."""

    secret: str = field(repr=False)
    source: str

    def __post_init__(self) -> None:
        # Checked here, since HTTP libraries quote a header they cannot send.
        if not self.secret or not all("!" <= letter <= "~" for letter in self.secret):
            raise KeyRefusedError(
                f"The API key from {self.source} is empty or holds characters that no key has (blanks, line "
                f"breaks, letters outside ASCII). Copy it again from https://jpx-jquants.com/dashboard/api-keys."
            )


def find_key(given: str | None = None) -> ApiKey:
    """The API key: ``given``, or from the environment, or from the official client's files.

    Raises
    ------
    KeyRefusedError
        If there is none, or it cannot be a key.
    ValueError
        If a file is not TOML or not of the official form.
    """
    if given is not None:
        return ApiKey(given.strip(), "`api_key`")
    if found := os.environ.get(VARIABLE, "").strip():
        return ApiKey(found, VARIABLE)
    for path in reversed(files()):
        if (key := _from_file(path)) is not None:
            return ApiKey(key.strip(), str(path))
    raise KeyRefusedError(
        f"No API key. Set the environment variable {VARIABLE}, or write `api_key` under [{_SECTION}] in "
        f"~/.jquants-api/jquants-api.toml. Keys are issued at https://jpx-jquants.com/dashboard/api-keys."
    )


def files() -> list[Path]:
    """The files that may hold a key, the last that exists wins."""
    named = os.environ.get(FILE_VARIABLE)
    paths = [Path.home() / ".jquants-api" / "jquants-api.toml", Path("jquants-api.toml")]
    return [*paths, Path(named)] if named else paths


def _from_file(path: Path) -> str | None:
    if not path.is_file():
        return None
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # The decoder's own message may quote the line.
        raise ValueError(
            f"{path} is not a TOML file; it needs the lines [{_SECTION}] and api_key = ..."
        ) from None
    section = content.get(_SECTION)
    key = section.get("api_key") if isinstance(section, dict) else None
    return key if isinstance(key, str) and key.strip() else None
