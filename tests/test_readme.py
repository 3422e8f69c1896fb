"""What the README says can be typed is typed."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from netviz.experiments import find_experiments

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line.partition("  #")[0].strip() for line in README.splitlines() if line.startswith(("netviz ", "python -c "))
]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_there_is_something_to_type():
    assert len(COMMANDS) >= 5
    assert len(blocks("python")) == 1


@pytest.mark.slow
def test_every_command_works_in_order(tmp_path):
    for command in COMMANDS:
        program, *arguments = shlex.split(command)
        words = [sys.executable, *(["-m", "netviz"] if program == "netviz" else []), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    for name in ("xor.safetensors", "xor.onnx", "again.safetensors", "xor.py", "y.npz"):
        assert (tmp_path / name).exists(), name


def test_the_python_example_works(tmp_path, monkeypatch):
    (tmp_path / "xor.netviz").write_bytes(find_experiments()["xor"].path.read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks("python")[0], "README.md", "exec"), {})


def test_every_file_that_it_names_is_there():
    for name in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (ROOT / name).exists(), name
