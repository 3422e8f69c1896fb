"""What the pages say can be typed is typed."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from netviz.__main__ import main
from netviz.experiments import find_experiments

ROOT = Path(__file__).parent.parent
PAGES = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "README.md", *ROOT.glob("docs/*.md"))}
WRITTEN = {  # by a page's commands, in the order that it names them
    "README.md": ("t.jsonl", "xor.safetensors", "xor.py"),
    "docs/command-line.md": (
        "xor.safetensors",
        "xor.html",
        "xor.webp",
        "xor.onnx",
        "again.safetensors",
        "xor.py",
        "y.npz",
    ),
}


def commands(page: str) -> list[str]:
    lines = (line.partition("  #")[0].strip() for line in PAGES[page].splitlines())
    return [line for line in lines if line.startswith(("netviz ", "python -c "))]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGES[page], re.DOTALL)


def test_there_is_something_to_type():
    assert len(commands("README.md")) >= 4
    assert len(commands("docs/command-line.md")) >= 16
    assert len(blocks("README.md", "python")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("page", WRITTEN)
def test_every_command_works_in_order(page, tmp_path):
    for command in commands(page):
        program, *arguments = shlex.split(command)
        words = [sys.executable, *(["-m", "netviz"] if program == "netviz" else []), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    for name in WRITTEN[page]:
        assert (tmp_path / name).exists(), name


def keys(value):
    """What a line holds, without its numbers."""
    return {name: keys(part) for name, part in value.items()} if isinstance(value, dict) else None


def test_telemetry_holds_what_the_page_says(tmp_path):
    told, text = [], " ".join(blocks("docs/command-line.md", "json")).strip()
    while text:
        line, end = json.JSONDecoder().raw_decode(text)
        told.append(line)
        text = text[end:].strip()
    out = tmp_path / "t.jsonl"
    assert main(["train", str(find_experiments()["xor"].path), "--epochs", "1", "--telemetry", str(out)]) == 0
    written = [json.loads(line) for line in out.read_text().splitlines()]
    assert [keys(line) for line in told] == [keys(line) for line in (written[0], written[1], written[-1])]


def test_the_python_example_works(tmp_path, monkeypatch):
    (tmp_path / "xor.netviz").write_bytes(find_experiments()["xor"].path.read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks("README.md", "python")[0], "README.md", "exec"), {})


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_it_names_is_there(page):
    for name in re.findall(r"(?:\]\(|src(?:set)?=\")([\w./-]+)", PAGES[page]):
        if not name.startswith("http"):
            assert ((ROOT / page).parent / name).exists(), name


@pytest.mark.parametrize("page", [page for page in PAGES if page != "README.md"])
def test_every_page_can_be_found_from_the_readme(page):
    assert f"]({page})" in PAGES["README.md"]
