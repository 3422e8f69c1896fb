"""The landscape in a real window: computed by the worker while training goes on, anew after a reset."""

import numpy as np

from engine.run.messages import Pace, PaceUnit
from netviz.widgets.landscape import has_picture

PATIENCE = 30_000


def complete(window) -> bool:
    lanes = window.session.history.lanes
    return bool(lanes) and all(has_picture(lane) and lane.landscape.points == lane.landscape.wanted for lane in lanes)


def test_the_zig_zag_is_drawn_on_its_plane_while_it_trains_and_again_after_a_reset(open_window, qtbot):
    window = open_window("zig-zag")
    session = window.session
    qtbot.waitUntil(lambda: complete(window), timeout=PATIENCE)  # at step 0 already
    session.set_pace(Pace(PaceUnit.STEPS_A_FRAME, 2))
    session.play()
    qtbot.waitUntil(lambda: session.step >= 40, timeout=PATIENCE)
    session.pause()
    qtbot.waitUntil(lambda: not session.running, timeout=PATIENCE)

    def caught_up() -> bool:
        return complete(window) and all(len(lane.landscape.steps) > session.step for lane in session.history.lanes)

    qtbot.waitUntil(caught_up, timeout=PATIENCE)
    for lane in session.history.lanes:
        assert lane.landscape.names == ("out.weight[0, 0]", "out.weight[0, 1]")
        np.testing.assert_array_equal(lane.landscape.steps, np.arange(session.step + 1))
        assert lane.landscape.bounds == session.history.lanes[0].landscape.bounds
    session.reset()
    qtbot.waitUntil(lambda: session.step == 0 and complete(window), timeout=PATIENCE)
    assert all(lane.landscape.steps.tolist() == [0] for lane in session.history.lanes)
