"""What a user can do wrong ends with one sentence on standard error, exit code 2, nothing half-written."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import Result

import jqfast

Bars = pd.DataFrame
Jq = Callable[..., Result]


class Refusal(str):
    """What a refused command said on standard error, its frame and line breaks taken out."""

    __slots__ = ()

    def says(self, pattern: str) -> bool:
        """Whether the text matches ``pattern``."""
        return re.search(pattern, self) is not None


def _refusal(result: Result) -> Refusal:
    """The error of a command that ended with exit code 2, without a traceback and without other output."""
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    return Refusal(re.sub(r"[\s│]+", " ", result.stderr))  # typer frames and wraps its own errors


def _whole(folder: Path) -> None:
    """No temporary file anywhere."""
    assert [path for path in folder.rglob("*") if path.name.endswith((".partial", ".tmp"))] == []


def _set(column: str, value: object) -> Callable[[Bars], Bars]:
    """Write ``value`` into row 7 of a column."""

    def spoil(bars: Bars) -> Bars:
        changed = bars.astype({column: object})
        changed.loc[7, column] = value
        return changed

    return spoil


SPOILT: dict[str, tuple[Callable[[Bars], Bars], str]] = {
    "missing column": (lambda bars: bars.drop(columns="close"), r"`?close`?"),
    "duplicate row": (lambda bars: pd.concat([bars, bars.iloc[[7]]]), r"2024-01-0\d.*7203|7203.*2024-01-0\d"),
    "date unparsable": (_set("date", "someday"), r"someday"),
    "date with a time zone": (_set("date", "2024-01-05T00:00:00+09:00"), r"time zone"),
    "high below low": (_set("high", 1.0), r"high is below low"),
    "negative price": (_set("open", -5.0), r"price is not above 0"),
    "zero price": (_set("close", 0.0), r"price is not above 0"),
    "text in a number": (_set("volume", "many"), r"many"),
    "no rows": (lambda bars: bars.iloc[:0], r"empty|no rows|no data"),
}


@pytest.mark.parametrize("what", SPOILT)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_spoilt_prices(what: str, kind: str, jq: Jq, bars: Bars, tmp_path: Path) -> None:
    spoil, message = SPOILT[what]
    frame = spoil(bars)
    path = tmp_path / f"prices.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
    else:
        mixed = [name for name in frame if frame[name].dtype == object]
        frame.astype(dict.fromkeys(mixed, str)).to_parquet(path)
    assert _refusal(jq("run", "--prices", str(path))).says(message)
    assert not (tmp_path / "runs").exists()


def test_bad_rows_can_be_left_out(jq: Jq, bars: Bars, tmp_path: Path) -> None:
    """With ``--bad null`` the reading goes on; 40 sessions are too few for the folds, which is said next."""
    _set("high", 1.0)(bars).to_csv(tmp_path / "prices.csv", index=False)
    assert _refusal(jq("run", "--prices", "prices.csv", "--bad", "null")).says(
        r"first fold needs about \d+ sessions"
    )


def test_an_empty_file(jq: Jq, tmp_path: Path) -> None:
    (tmp_path / "prices.csv").touch()
    assert _refusal(jq("run", "--prices", "prices.csv")).says(r"prices\.csv.*empty|empty.*prices\.csv")


def test_a_parquet_file_cut_in_half(jq: Jq, bars: Bars, tmp_path: Path) -> None:
    path = tmp_path / "prices.parquet"
    bars.to_parquet(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert _refusal(jq("run", "--prices", str(path))).says(r"prices\.parquet")


def test_a_file_that_is_not_there(jq: Jq) -> None:
    assert _refusal(jq("run", "--prices", "nowhere.csv")).says(r"nowhere\.csv")


def test_a_list_of_sectors_that_is_not_there(jq: Jq, bars: Bars, tmp_path: Path) -> None:
    bars.to_csv(tmp_path / "prices.csv", index=False)
    assert _refusal(jq("run", "--prices", "prices.csv", "--sectors", "nowhere.csv")).says(r"nowhere\.csv")


def test_too_few_sessions(jq: Jq, bars: Bars, tmp_path: Path) -> None:
    bars.to_csv(tmp_path / "prices.csv", index=False)
    assert _refusal(jq("run", "--prices", "prices.csv")).says(
        r"first fold needs about \d+ sessions.*There are 40 sessions"
    )
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--modle", "lstm"), r"No such option.*--modle.*--model"),
        (("--model", "lstn"), r"`learn\.model\.kind` must be one of .*Did you mean `lstm`"),
        (("--bad", "nul"), r"`data\.bad` must be one of error, null.*Did you mean `null`"),
        (("--set", "learn.epoch=3"), r"Unknown config key `learn\.epoch`\. Did you mean `learn\.epochs`"),
        (("--set", "learn.epochs=many"), r'`learn\.epochs` must be an integer; got text "many"'),
        (("--set", "learn.epochs=0"), r"`epochs` must be an integer >= 1; got 0"),
        (("--set", "learn.epochs"), r"needs `key=value`"),
        (("--set", "features.use=rsy"), r"Unknown feature.* `rsy`.*Did you mean `rsi`"),
        (("--set", "features.own.my=ts_mean(close, 0) / close"), r"`features\.own\.my`.*window.*0"),
        (("--set", "features.own.my=lag(close, -1) / close"), r"`features\.own\.my`.*-1"),
        (("--set", "features.own.my=ts_maen(close, 5)"), r"Unknown name in a formula `ts_maen`.*`ts_mean`"),
        (("--set", "features.own.my=close +"), r"`features\.own\.my` is not a formula"),
        (("--set", "features.own.my=close * 2"), r"`?my`?.*(degree|split|level)"),
        (("--set", "portfolio.horizon=3"), r"`portfolio\.horizon` must be one of"),
        (("--config", "nowhere.toml"), r"nowhere\.toml"),
        (("--config", "defualt"), r"Unknown configuration `defualt`\. Did you mean `default`"),
        (("--threads", "0"), r"`threads` must be between 1 and 1024; got 0"),
        (("--threads", "x"), r"--threads.*valid int"),
        (("--name", "a/b"), r"`name` must be the plain name of a folder"),
        (("--sectors", "list.csv"), r"`data\.sectors` belongs to prices of your own"),
        (("--null", "--prices", "prices.csv"), r"`--null` asks for a simulated market"),
    ],
)
def test_wrong_options(arguments: tuple[str, ...], message: str, jq: Jq, tmp_path: Path) -> None:
    assert _refusal(jq("run", "--config", "small.toml", *arguments)).says(message)
    assert not (tmp_path / "runs").exists()


def test_a_config_that_is_no_toml(jq: Jq, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[learn\nepochs = 3\n")
    assert _refusal(jq("run", "--config", "bad.toml")).says(r"bad\.toml` is not valid TOML.*line 1")


def test_a_feature_that_is_not_there(jq: Jq) -> None:
    assert _refusal(jq("features", "describe", "rsy")).says(r"Unknown feature `rsy`\. Did you mean `rsi`")
    assert _refusal(jq("features", "list", "--set", "tecnical")).says(r"`tecnical`")


def test_an_unknown_command(jq: Jq) -> None:
    assert _refusal(jq("rnu")).says(r"No such command.*rnu.*run")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_without_permission(jq: Jq, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    assert _refusal(jq("run", "--config", "small.toml", "--out", "locked")).says(
        r"Permission denied.*locked.*`--out`"
    )


def test_no_permission(jq: Jq, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for everybody, the superuser included."""

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert _refusal(jq("run", "--config", "small.toml")).says(r"Permission denied: `runs`\. .*`--out`")


def test_a_full_disk(jq: Jq, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fills up when the first files are synced: the run says so, and what is there is whole."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert _refusal(jq("run", "--config", "small.toml")).says(r"No space left on device.*continues")
    _whole(tmp_path)
    assert not (tmp_path / "runs" / "simulated" / "report.html").exists()
    assert jq("run", "--config", "small.toml").exit_code == 0


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on file sizes")
def test_a_file_system_that_refuses_more_bytes(tmp_path: Path, jq: Jq) -> None:
    """The kernel itself stops the features half-way; a limit on file size stands in for a full disk."""
    assert jq is not None  # writes small.toml
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)); "
    code = limited + "from jqfast.cli import main; main()"
    command = [sys.executable, "-P", "-c", code, "run", "--config", "small.toml"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    assert "File too large" in result.stderr
    _whole(tmp_path)
    assert not (tmp_path / "runs" / "simulated" / "features" / "samples.npy").exists()


def test_the_library_raises_what_the_command_says() -> None:
    """A notebook gets the same sentences as exceptions."""
    from jqfast.features import close, lag, ts_mean

    with pytest.raises(ValueError, match="0"):
        ts_mean(close, 0)
    with pytest.raises(ValueError, match="-1"):
        lag(close, -1)
    with pytest.raises(ValueError, match="Did you mean `rsi`"):
        jqfast.features.describe("rsy")
