"""The instruments' share of the time."""

import time

import pytest

from engine.run import budget as module
from engine.run.budget import CALM, COARSEST, OFTEN, SHARE, Budget, clock

ALLOWED = SHARE / OFTEN


def test_what_an_answer_costs_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.time, "perf_counter", lambda: 100.0)
    budget = Budget()
    assert budget.ready_at == 0.0
    budget.spend(10.0)
    assert budget.ready_at == 100.0 + 1 / OFTEN  # the first one made what the next ones have
    budget.spend(0.003)
    assert budget.ready_at == 100.0 + 0.003 / SHARE
    budget.free()
    assert budget.ready_at == 0.0


def test_cheap_answers_do_not_come_more_often_than_anyone_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.time, "perf_counter", lambda: 100.0)
    budget = Budget()
    budget.spend(1e-6)
    assert budget.ready_at == 100.0 + 1 / OFTEN


def test_dear_answers_make_pictures_coarser_and_cheap_ones_finer() -> None:
    budget = Budget()
    budget.spend(1.9 * ALLOWED)
    assert budget.detail == 1.0  # one alone says nothing
    budget.spend(1.9 * ALLOWED)
    assert budget.detail == 0.5
    for _ in range(2):
        budget.spend(100 * ALLOWED)
    assert budget.detail == COARSEST
    for _ in range(CALM - 1):
        budget.spend(0.3 * ALLOWED)
    assert budget.detail == COARSEST
    budget.spend(0.3 * ALLOWED)
    assert budget.detail == 0.5


def test_a_single_dear_answer_changes_nothing() -> None:
    budget = Budget()
    for number in range(40):
        budget.spend(20 * ALLOWED if number % 4 == 0 else 0.5 * ALLOWED)
    assert budget.detail == 1.0


def test_a_thread_that_waits_costs_nothing_on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    cost, taken = clock("cpu"), clock("cuda:0")
    before = cost(), taken()
    time.sleep(0.05)
    assert cost() - before[0] < 0.04 < taken() - before[1]
    monkeypatch.setattr(module.sys, "platform", "win32")  # which counts no finer than in 1/64 s
    assert clock("cpu") is time.perf_counter


def test_the_next_is_counted_from_when_the_last_was_asked() -> None:
    budget = Budget()
    budget.spend(0.003, 40.0)
    budget.spend(0.003, 50.0)
    assert budget.ready_at == 50.0 + 0.003 / SHARE
