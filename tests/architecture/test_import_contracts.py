"""The arrows of the design hold, and each contract can fail: a seeded violation breaks it."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "pyproject.toml"

# contract: (files to write into a copy of the packages, where "+" adds to the file that is there)
SEEDS = {
    "engine-without-qt": {"+engine/errors.py": "from PySide6 import QtCore"},
    "one-door-to-cupy": {"+engine/spec.py": "import cupy"},
    "one-door-to-onnx": {"+engine/layers/dense.py": "def seeded():\n    import onnx"},
    "one-door-to-numba": {"+engine/plan.py": "def seeded():\n    import numba"},
    "engine-arrows": {"+engine/spec.py": "import engine.layers"},
    "window-arrows": {"netviz/document/seeded.py": "import netviz.panels.seeded", "netviz/panels/seeded.py": ""},
    "panels-apart": {"netviz/panels/seeded_a.py": "import netviz.panels.seeded_b", "netviz/panels/seeded_b.py": ""},
    "no-qt-before-the-window": {"+netviz/commands/train.py": "def seeded():\n    from PySide6 import QtWidgets"},
}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The packages and the contracts, where a violation harms nobody."""
    for package in ("engine", "netviz"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(SETTINGS, tmp_path)
    return tmp_path


def lint_imports(where: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    # The console script puts the current folder first on the path, so the copy is seen, not the installed package.
    program = "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports_command as m; m()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", *arguments], cwd=where, capture_output=True, text=True, timeout=60
    )


def test_all_contracts_hold_in_the_copy(copied: Path) -> None:
    done = lint_imports(copied)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("contract", SEEDS)
def test_a_seeded_violation_breaks_its_contract(copied: Path, contract: str) -> None:
    clean = lint_imports(copied, "--contract", contract)
    assert clean.returncode == 0, clean.stdout + clean.stderr

    for place, line in SEEDS[contract].items():
        file = copied / place.removeprefix("+")
        before = file.read_text(encoding="utf-8") if place.startswith("+") else ""
        file.write_text(f"{before}\n{line}\n", encoding="utf-8")

    broken = lint_imports(copied, "--contract", contract)
    assert broken.returncode == 1, broken.stdout + broken.stderr
    assert "0 kept, 1 broken" in broken.stdout


def test_every_contract_has_a_seeded_violation() -> None:
    settings = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))
    assert {contract["id"] for contract in settings["tool"]["importlinter"]["contracts"]} == set(SEEDS)
