"""A question in a process of its own: its answer, its failures, and that it is gone when it is not wanted."""

import os
import sys

import pytest

from engine.checks.questions import Kind, Question, ask
from netviz.runtime import asking as module
from netviz.runtime.asking import Asking
from tests.engine.checks.nets import chain, last, made
from tests.netviz.processes import gone

LONG = 60_000
LARGE = made(chain(600, 3), "mse", {"kind": "noise", "shape": [50], "samples": 64})


def question(kind=Kind.OVERFIT, project=LARGE):
    return Question(kind, project.to_json(), ".")


@pytest.fixture
def asking(qtbot):
    made_one = Asking()
    yield made_one
    made_one.cancel()


@pytest.fixture
def told(asking):
    """Everything that is said, in order."""
    heard = []
    asking.progress.connect(lambda share: heard.append(("share", share)))
    asking.answered.connect(lambda report: heard.append(("report", report)))
    asking.failed.connect(lambda words: heard.append(("failed", words)))
    return heard


def ended(told):
    return bool(told) and told[-1][0] != "share"


@pytest.mark.parametrize("kind", Kind)
def test_it_answers_as_the_engine_does(asking, told, qtbot, kind):
    project = made(chain(4))
    asking.ask(question(kind, project))
    pid = asking.pid
    assert asking.running
    qtbot.waitUntil(lambda: ended(told), timeout=LONG)
    assert told[-1] == ("report", last(ask(kind, project)))
    assert not asking.running
    assert gone(pid)


def test_it_tells_how_far_it_is(asking, told, qtbot):
    asking.ask(question())
    qtbot.waitUntil(lambda: len(told) > 3, timeout=LONG)
    shares = [value for _, value in told]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1


def test_cancelled_it_is_gone_at_once_and_says_no_more(asking, told, qtbot):
    asking.ask(question())
    qtbot.waitUntil(lambda: bool(told), timeout=LONG)
    pid, heard = asking.pid, len(told)
    assert not gone(pid)
    asking.cancel()
    assert gone(pid)
    assert not asking.running
    qtbot.wait(100)
    assert len(told) == heard
    asking.cancel()  # nothing is left to cancel


def test_another_question_ends_the_one_before(asking, told, qtbot):
    asking.ask(question())
    first = asking.pid
    asking.ask(question(Kind.RATES, made(chain(4))))
    assert gone(first)
    qtbot.waitUntil(lambda: ended(told), timeout=LONG)
    assert told[-1] == ("report", last(ask(Kind.RATES, made(chain(4)))))


def test_what_cannot_be_trained_fails_with_a_line(asking, told, qtbot):
    broken = made(chain(4)).to_json()
    broken["data"] = {"kind": "npz", "path": "gone.npz"}
    asking.ask(Question(Kind.RATES, broken, "."))
    qtbot.waitUntil(lambda: ended(told), timeout=LONG)
    assert told == [("failed", "data.path: 'gone.npz' there is no such file")]


def test_a_process_that_dies_fails(asking, told, qtbot):
    asking.ask(question())
    qtbot.waitUntil(lambda: bool(told), timeout=LONG)
    os.kill(asking.pid, 9)
    qtbot.waitUntil(lambda: ended(told), timeout=LONG)
    assert told[-1][1].startswith("the process ended without an answer")
    assert not asking.running


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["/there/is/no/program"], "the process could not be started"),
        ([sys.executable, "-c", "print('Hello')"], "the process said what is no answer"),
        ([sys.executable, "-c", "pass"], "the process ended without an answer (exit status 0)"),
    ],
)
def test_other_programs_fail_in_words(asking, told, qtbot, monkeypatch, command, words):
    monkeypatch.setattr(module, "own_command", lambda name: command)
    asking.ask(question())
    qtbot.waitUntil(lambda: ended(told), timeout=LONG)
    assert told[-1][0] == "failed"
    assert told[-1][1].startswith(words)
    assert not asking.running
