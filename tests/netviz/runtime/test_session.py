"""The window's end of a run: what it draws from, what it asks for, and what it does when a worker dies."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from engine.probes.boundary import Boundary
from engine.probes.catalogue import ProbeRequest
from engine.probes.histograms import Histograms
from engine.project import load_project
from engine.run import messages as m
from engine.run.opening import lane_info
from engine.trainer import Trainer
from netviz.experiments import find_experiments
from netviz.runtime.line import WorkerLost
from netviz.runtime.session import Session
from tests.engine.cases import project
from tests.engine.run.bench import DATA, LAYERS, small
from tests.netviz.runtime.sessions import FakeView, Make, Silent, finished, opened, reaches, uninterrupted, weights


@pytest.mark.parametrize("kind", ["thread", "process"])
def test_a_run_fills_the_history(qtbot: QtBot, make: Make, kind: str) -> None:
    session, made = make(kind, m.Pace(m.PaceUnit.STEPS_A_FRAME, 5)), small()
    session.add_view(FakeView("layers", probes=(Histograms(), Boundary(12)), needs_layers=True))
    opened(qtbot, session, made)
    assert (session.state, session.step) == (m.RunState.PAUSED, 0)
    session.play()
    finished(qtbot, session, 5)
    (lane,) = session.history.lanes
    qtbot.waitUntil(lambda: len(lane.loss) == 20 and len(lane.scores) == 5)
    trainer = Trainer(made)
    np.testing.assert_array_equal(lane.loss.last[:, 0], [trainer.update() for _ in range(20)])
    np.testing.assert_array_equal(lane.loss.steps, range(20))
    np.testing.assert_array_equal(lane.scores.steps, [3, 7, 11, 15, 19])
    assert lane.score is not None
    assert lane.score.loss == trainer.evaluate()[0].loss
    np.testing.assert_array_equal(lane.layers.steps, range(20))
    qtbot.waitUntil(lambda: lane.boundary is not None and lane.histograms is not None)
    assert lane.boundary is not None
    assert lane.boundary.values.shape == (12, 12)
    assert weights(qtbot, session) == [uninterrupted(made, 20)]
    assert (lane.lr, lane.batch_size) == (0.02, 8)


def test_reset_clears_the_history_and_says_so(qtbot: QtBot, make: Make) -> None:
    session = make()
    opened(qtbot, session, small())
    session.advance(steps=9)
    qtbot.waitUntil(lambda: len(session.history.lanes[0].loss) == 9)
    with qtbot.waitSignal(session.rewound):
        session.reset()
    assert len(session.history.lanes[0].loss) == 0
    qtbot.waitUntil(lambda: session.step == 0)
    session.advance(steps=2)
    qtbot.waitUntil(lambda: len(session.history.lanes[0].loss) == 2)


def test_stop_and_play_begin_anew(qtbot: QtBot, make: Make) -> None:
    session = make()
    opened(qtbot, session, small())
    session.advance(steps=3)
    session.stop()
    reaches(qtbot, session, m.RunState.IDLE)
    session.play()
    session.play()  # once more, before it has begun
    finished(qtbot, session, 5)
    assert weights(qtbot, session) == [uninterrupted(small(), 20)]


def test_settings_that_differ_are_adopted_by_their_lanes(silent: tuple[Session, list[Silent]]) -> None:
    session, (transport,) = silent
    made = small()
    session.open(made)
    transport.sent.clear()
    session.adopt(small(optimizer={"kind": "adam", "lr": 0.5}, batch_size="all", epochs=9))
    assert transport.sent == [m.SetLearningRate(0, 0.5), m.SetBatchSize(0, "all"), m.SetEpochs(9)]
    session.adopt(session.project)
    assert len(transport.sent) == 3


@pytest.mark.parametrize("first", ["paused", "running"])
def test_another_project_can_be_opened_at_any_time(qtbot: QtBot, make: Make, first: str) -> None:
    """Records of the run before, still on their way, do not belong to the new one."""
    session = make()
    view = FakeView("boundary", probes=(Boundary(10),))
    session.add_view(view)
    opened(qtbot, session, small(epochs=1_000_000))
    if first == "running":
        session.play()
        qtbot.waitUntil(lambda: session.step > 100)
    else:
        qtbot.waitUntil(lambda: session.history.lanes[0].boundary is not None)
        qtbot.wait(60)  # a frame waits for its answer now
    wider = [{**LAYERS[0], "id": "h9"}, LAYERS[1], LAYERS[2]]
    fresh: list[bool] = []
    session.opened.connect(lambda: fresh.append(session.fresh))
    opened(qtbot, session, project(wider, "binary_cross_entropy", DATA))
    assert fresh == [True]
    (lane,) = session.history.lanes
    assert lane.info.layers == ("h9", "a1", "out")
    assert len(lane.loss) == 0
    # The picture at step 0 comes although nothing moves.
    qtbot.waitUntil(lambda: session.history.lanes[0].boundary is not None)
    assert session.step == 0
    assert view.reopenings == 2


def test_a_keyframe_of_the_run_before_is_not_gone_back_to(silent: tuple[Session, list[Silent]]) -> None:
    session, transports = silent
    trainer = Trainer(small())
    trainer.run(50)
    info = m.LaneInfo("A", (), (), (), (2,), 4, 5)
    before = m.Opened((info,), None, "numpy", "cpu", "float32", ())
    after = m.Opened((info, info), None, "numpy", "cpu", "float32", ())
    session.open(small())
    transports[0].receive(before)
    session._tick()
    session.open(small(seed=3))
    transports[0].receive(m.Keyframe((trainer.snapshot(),), None))  # was on its way
    session._tick()
    transports[0].receive(WorkerLost("gone"))
    session._tick()
    (again,) = [c for c in transports[1].sent if isinstance(c, m.Open)]
    assert again.states is None
    transports[1].receive(m.Keyframe((trainer.snapshot(),), None))
    transports[1].receive(after)
    session._tick()
    assert len(session.history.lanes) == 2
    assert session.fresh  # nothing of its own has come yet


def test_pictures_made_aside_are_of_their_own_step_and_of_no_run_before(silent: tuple[Session, list[Silent]]) -> None:
    session, (transport,) = silent
    trainer = Trainer(small())
    told = m.Opened((lane_info(trainer),), None, "numpy", "cpu", "float32", ())
    seen = m.Pictures(1, 0.01, 7, ((Histograms().measure(trainer), Boundary(3).measure(trainer)),))
    view = FakeView("boundary")
    session.add_view(view)
    session.open(small())
    transport.receive(told)
    transport.receive(seen)
    session._tick()
    (lane,) = session.history.lanes
    assert lane.boundary is not None
    assert {tuple(past.steps) for past in lane.past((False, False)).nodes.values()} == {(7,)}
    assert session.pictured == 1
    assert list(session.turns.waiting) == [view]
    session.open(small(seed=3))
    transport.receive(seen)  # was on its way
    session._tick()
    transport.receive(told)
    session._tick()
    assert session.history.lanes[0].boundary is None
    assert session.pictured == 0


def test_a_window_that_hangs_hoards_one_keyframe(silent: tuple[Session, list[Silent]]) -> None:
    session, (transport,) = silent
    state = Trainer(small()).snapshot()
    for step in range(500):
        transport.receive(m.Keyframe((msgspec.structs.replace(state, step=step),), None))
    transport.receive(m.Keyframe((state,), ({},), token=8))
    transport.receive(m.Keyframe((state,), ({},), token=9))
    transport.receive(m.Progress(m.RunState.PAUSED, 3, 0))
    transport.receive(m.Keyframe((state,), None))
    records = list(session.line.take(1000))
    assert [r.token if isinstance(r, m.Keyframe) else "progress" for r in records] == [0, 8, 9, "progress", 0]
    assert isinstance(records[0], m.Keyframe)
    assert records[0].states[0].step == 499


def test_a_hidden_view_asks_for_nothing(silent: tuple[Session, list[Silent]]) -> None:
    session, (transport,) = silent
    bars = FakeView("histograms", probes=(Histograms(),))
    plane = FakeView("boundary", probes=(Boundary(50), Histograms()), needs_layers=True)
    for view in (bars, plane):
        session.add_view(view)

    def last() -> m.Command:
        return [c for c in transport.sent if isinstance(c, m.Watch)][-1]

    assert last() == m.Watch((Histograms(), Boundary(50)), True)
    plane.visible = False
    session.update_watch()
    assert last() == m.Watch((Histograms(),), False)
    bars.visible = False
    session.update_watch()
    assert last() == m.Watch((), False)
    sent = len(transport.sent)
    session.update_watch()
    assert len(transport.sent) == sent  # nothing new to say
    bars.visible = True
    session.update_watch()
    session.remove_view(bars)
    assert last() == m.Watch((), False)


def test_what_views_wish_for_of_another_run_is_told_at_once(silent: tuple[Session, list[Silent]]) -> None:
    session, (transport,) = silent
    views = [FakeView(), FakeView()]

    def wish(view: FakeView, probe: ProbeRequest) -> None:
        view.probes = (probe,)
        session.ask()

    for view, probe in zip(views, (Histograms(), Boundary(50)), strict=True):
        session.add_view(view)
        view.reopened = lambda view=view, probe=probe: wish(view, probe)  # type: ignore[method-assign,misc]
    sent = len(transport.sent)
    session.drop()
    assert [c for c in transport.sent[sent:] if isinstance(c, m.Watch)] == [m.Watch((Histograms(), Boundary(50)))]


def test_hidden_views_cost_the_worker_nothing(qtbot: QtBot, make: Make) -> None:
    session = make(pace=m.Pace(m.PaceUnit.STEPS_A_FRAME, 1))
    view = FakeView("histograms", probes=(Histograms(),), needs_layers=True)
    view.visible = False
    session.add_view(view)
    opened(qtbot, session, small())
    session.play()
    finished(qtbot, session, 5)
    (lane,) = session.history.lanes
    qtbot.waitUntil(lambda: len(lane.loss) == 20)
    assert lane.histograms is None
    assert len(lane.layers) == 0
    assert view.refreshed == 0
    view.visible = True
    session.update_watch()
    qtbot.waitUntil(lambda: lane.histograms is not None and view.refreshed > 0)


def test_only_views_of_what_changed_are_drawn(qtbot: QtBot, make: Make) -> None:
    session = make()
    loss, boundary = FakeView("loss"), FakeView("boundary")
    for view in (loss, boundary):
        session.add_view(view)
    opened(qtbot, session, small())
    qtbot.waitUntil(lambda: loss.refreshed == boundary.refreshed == 1)
    session.advance(steps=3)
    qtbot.waitUntil(lambda: loss.refreshed == 2)
    assert boundary.refreshed == 1


def test_what_the_worker_refuses_is_told(qtbot: QtBot, make: Make, tmp_path: Path) -> None:
    session = make()
    opened(qtbot, session, small())
    with qtbot.waitSignal(session.refused) as caught:
        session.load_weights(7, {}, "nowhere.npz")
    assert caught.args == ["there is no network 7, 1 are open"]
    with qtbot.waitSignal(session.recording_lost) as caught:
        session.record_telemetry(tmp_path / "nowhere" / "T.jsonl")
    assert "nowhere" in caught.args[0]


def test_play_as_soon_as_it_is_open_does_not_open_again(qtbot: QtBot, tmp_path: Path) -> None:
    """The worker's word that it stands still comes after its word that it is open, perhaps a frame later."""
    session, opened = Session("thread"), []
    try:
        session.opened.connect(lambda: opened.append(session.state))
        session.opened.connect(session.play)
        session.open(load_project(find_experiments()["xor"].path, {"training.epochs": 3}))
        session.play()  # asked for before it is open, too
        qtbot.waitUntil(lambda: session.state is m.RunState.FINISHED)
        assert opened == [m.RunState.PAUSED]
    finally:
        session.close()
