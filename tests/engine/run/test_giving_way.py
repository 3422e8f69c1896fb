"""Who gives way lets go of the core again and again, and only then."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from engine.run.giving_way import EVERY, giving_way

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no such timers here")


@pytest.fixture
def let_go(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """Who has let go of the core, each time."""
    seen: list[threading.Thread] = []
    monkeypatch.setattr(os, "sched_yield", lambda: seen.append(threading.current_thread()))
    return seen


def compute(times: int) -> None:
    """Many short computations, as probes are, for as long as the core could be let go of `times`."""
    until = time.perf_counter() + times * EVERY
    array = np.ones((64, 64))
    while time.perf_counter() < until:
        array @ array


@pytest.fixture(autouse=True)
def timer() -> Iterator[None]:
    """The timer of pytest-timeout, put back."""
    handler, left = signal.getsignal(signal.SIGALRM), signal.setitimer(signal.ITIMER_REAL, 0.0)
    yield
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, *left)


def test_the_core_is_let_go_of_many_times_inside_and_never_outside(let_go) -> None:
    before = signal.getsignal(signal.SIGALRM)
    with giving_way():
        compute(200)
    inside = len(let_go)
    assert inside >= 3  # a machine that is busy delivers few
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    compute(50)
    assert len(let_go) == inside


def test_a_core_that_is_away_for_long_is_let_go_of_once_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time takes longer than the time until the next: the work goes on in between all the same."""
    within: list[int] = [0]

    def away() -> None:
        within.append(within[-1] + 1)
        time.sleep(3 * EVERY)
        within.append(within[-1] - 1)

    monkeypatch.setattr(os, "sched_yield", away)
    array, before = np.ones((64, 64)), time.perf_counter()
    with giving_way():
        while len(within) < 100:
            array @ array
            assert time.perf_counter() < before + 60
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert within[:100] == [0, 1] * 50


def test_what_fails_inside_leaves_no_timer_behind(let_go) -> None:
    with pytest.raises(MemoryError), giving_way():
        raise MemoryError
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_worker_on_another_thread_takes_no_signals(let_go) -> None:
    def work() -> None:
        with giving_way():
            compute(50)
            assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert let_go == []
