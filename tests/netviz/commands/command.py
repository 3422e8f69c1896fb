"""The command line as a person runs it: in a process of its own, or in this one where only the words matter."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netviz.__main__ import main
from tests.engine.run.bench import small

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str


Here = Callable[..., Done]  # the fixture `cli`


def environment(**variables: str) -> dict[str, str]:
    """Without a display; PYTHONHASHSEED and the like by name."""
    bare = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    return {**bare, **variables}


def netviz(*arguments: object, **variables: str) -> Done:
    """`netviz …` in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "netviz", *map(str, arguments)],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        timeout=200,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def here(capfd: pytest.CaptureFixture[str], *arguments: object) -> Done:
    """`netviz …` in this process."""
    capfd.readouterr()
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    printed = capfd.readouterr()
    return Done(status, printed.out, printed.err)


def write(folder: Path, changes: dict[str, Any] | None = None, **training: Any) -> Path:
    """A small project's file, with `changes` to its top fields."""
    path = folder / "net.netviz"
    path.write_bytes(msgspec.json.encode({**small(**training).to_json(), **(changes or {})}))
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    """A telemetry file's objects; its last line must be whole."""
    content = path.read_bytes()
    assert content.endswith(b"\n")
    return [msgspec.json.decode(line) for line in content.splitlines()]


def steps(path: Path) -> list[int]:
    return [line["step"] for line in lines(path)[1:] if "epoch_end" not in line]
