"""Giving way: who only takes what others leave of a core lets go of it again and again.

Linux prefers any process to one at SCHED_IDLE when it wakes. But of two that both could run, it takes the one that had
less than its due: when a window has had to wait for the screen's server for a moment, that is often the other one,
which then keeps the core until the clock ticks, up to 4 ms. (Measured with `perf sched`: ten times a second.)
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

EVERY = 0.0004  # seconds


@contextmanager
def giving_way() -> Iterator[None]:
    """Inside, whoever waits for the core has it soon; on the main thread alone, where signals come."""
    can = hasattr(signal, "setitimer") and hasattr(os, "sched_yield")
    if not can or threading.current_thread() is not threading.main_thread():
        yield
        return
    inside = True

    def give_way(*_: object) -> None:
        os.sched_yield()
        if inside:  # the next time is counted from when the core is back, or all of it would be given away
            signal.setitimer(signal.ITIMER_REAL, EVERY)

    before = signal.signal(signal.SIGALRM, give_way)
    signal.setitimer(signal.ITIMER_REAL, EVERY)
    try:
        yield
    finally:
        inside = False
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
