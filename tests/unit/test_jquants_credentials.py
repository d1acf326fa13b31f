"""The key: where it is read from, in which order, and that nothing shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from jqfast.data.jquants.credentials import FILE_VARIABLE, VARIABLE, ApiKey, find_key
from jqfast.data.jquants.errors import KeyRefusedError


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """The files that may hold a key, none of which exists, and an empty environment."""
    home, here = tmp_path / "someone", tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(Path, "home", lambda: home)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv(FILE_VARIABLE, raising=False)
    return {
        "home": home / ".jquants-api" / "jquants-api.toml",
        "here": here / "jquants-api.toml",
        "named": tmp_path / "named.toml",
    }


def _write(path: Path, key: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'[jquants-api-client]\napi_key = "{key}"\n', encoding="utf-8")


def test_the_later_place_wins(places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    _write(places["home"], "key-of-home")
    assert find_key().secret == "key-of-home"
    _write(places["here"], "key-of-here")
    assert find_key().secret == "key-of-here"
    _write(places["named"], "key-of-file")
    monkeypatch.setenv(FILE_VARIABLE, str(places["named"]))
    assert find_key().secret == "key-of-file"
    monkeypatch.setenv(VARIABLE, "key-of-environment")
    assert find_key().secret == "key-of-environment"
    assert find_key(" given\n").secret == "given"


def test_an_empty_place_is_passed_over(places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    _write(places["home"], "key-of-home")
    places["here"].write_text("[another]\nx = 1\n", encoding="utf-8")
    monkeypatch.setenv(VARIABLE, "  ")
    monkeypatch.setenv(FILE_VARIABLE, str(places["named"]))
    found = find_key()
    assert found.secret == "key-of-home"
    assert str(places["home"]) in found.source


def test_without_a_key_the_message_says_where_to_put_one(places: dict[str, Path]) -> None:
    assert not places["home"].exists()
    with pytest.raises(KeyRefusedError, match=r"JQUANTS_API_KEY.*jquants-api-client.*api-keys"):
        find_key()


def test_nothing_shows_the_key(places: dict[str, Path]) -> None:
    key = ApiKey("s3cr3t-value", "a test")
    assert "s3cr3t" not in repr(key) + str(key)
    for bad in ("s3cr3t value", "s3cr3t\nvalue", "s3cr3tあ", "s3cr3t\x00"):
        with pytest.raises(KeyRefusedError) as caught:
            find_key(bad)
        assert "s3cr3t" not in str(caught.value)
    places["here"].write_text('[jquants-api-client]\napi_key = s3cr3t-without-quotes"', encoding="utf-8")
    with pytest.raises(ValueError, match="is not a TOML file") as wrong:
        find_key()
    assert "s3cr3t" not in str(wrong.value)
    assert wrong.value.__cause__ is None
