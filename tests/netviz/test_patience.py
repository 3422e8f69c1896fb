"""The tests beside this one wait as long as a loaded machine needs; none gives up within a few seconds."""

import ast
from inspect import signature
from pathlib import Path

from tests.netviz.patience import LONG, PatientBot

WAITS = {name for name in vars(PatientBot) if name.startswith("wait")}


def impatient(source: str) -> list[int]:
    """The lines that wait for less than the usual time."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    waits = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in WAITS]
    limits = [word.value for call in waits for word in call.keywords if word.arg == "timeout"]
    return [node.lineno for node in limits if isinstance(node, ast.Constant) and node.value < LONG]


def test_the_usual_limit_is_a_long_one(qtbot) -> None:
    waits = {name for name in dir(qtbot) if name in WAITS}
    assert len(waits) == 6
    assert {signature(getattr(qtbot, name)).parameters["timeout"].default for name in waits} == {LONG}


def test_nothing_is_waited_for_in_a_hurry() -> None:
    here = Path(__file__).parent
    found = {path.name: impatient(path.read_text(encoding="utf-8")) for path in here.rglob("*.py")}
    assert len(found) > 100, "all were read"
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_a_hurry_is_found() -> None:
    assert impatient("qtbot.waitUntil(f)\nqtbot.waitUntil(f, timeout=2_000)\nqtbot.wait(50)") == [2]
