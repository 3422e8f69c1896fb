"""What works with no display never imports Qt, and the window little: tried in fresh processes, this one has it all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = {"PySide6", "shiboken6", "pyqtgraph"}
LATER = {"PIL", "onnx", "onnxruntime", "numba", "scipy", "email"}  # wanted by a film, an export… not by an open window

TELL = "import sys; print('MODULES', *{name.partition('.')[0] for name in sys.modules})"
RUN = """
import runpy, sys
sys.argv = ["netviz", *{arguments!r}]
try:
    runpy.run_module("netviz", run_name="__main__", alter_sys=True)
except SystemExit as stopped:
    assert not stopped.code, f"exit status {{stopped.code}}"
"""


def fresh_process(program: str) -> tuple[str, set[str]]:
    """What it printed, and the packages it had imported by its end."""
    bare = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{TELL}"], cwd=ROOT, env=bare, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    printed, _, modules = done.stdout.rpartition("MODULES")
    return printed, set(modules.split())


@pytest.mark.parametrize("module", ["engine", "netviz", "netviz.cli", "netviz.__main__", "netviz.system"])
def test_importing_it_imports_no_qt(module: str) -> None:
    _, modules = fresh_process(f"import {module}")
    assert module.partition(".")[0] in modules
    assert not modules & FORBIDDEN


@pytest.mark.parametrize(("arguments", "told"), [(["info"], "numpy"), (["experiments"], "xor")])
def test_commands_without_a_window_import_no_qt(arguments: list[str], told: str) -> None:
    printed, modules = fresh_process(RUN.format(arguments=arguments))
    assert told in printed.lower()
    assert not modules & FORBIDDEN


def test_the_window_imports_nothing_before_it_is_needed() -> None:
    _, modules = fresh_process("import netviz.app")
    assert "pyqtgraph" in modules
    assert not modules & LATER


def test_the_check_itself_sees_qt() -> None:
    _, modules = fresh_process("import PySide6.QtCore")
    assert modules & FORBIDDEN
