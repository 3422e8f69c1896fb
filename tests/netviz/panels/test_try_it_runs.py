"""Inputs by hand, answered by networks that run."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.probes.boundary import Boundary
from engine.probes.example import raw
from engine.project import Project
from engine.run import messages as m
from engine.trainer import Trainer
from netviz import theme
from netviz.panels.try_it import TryPanel
from netviz.runtime.session import Session
from netviz.widgets.pad import PadInput
from tests.engine.cases import project
from tests.netviz.by_hand import all_shown
from tests.netviz.panels.test_try_it import DIGITS, LEFT, NO
from tests.netviz.runtime.sessions import FakeView

# Real runs


@pytest.fixture
def run(qtbot):
    """Opens a project on a worker, trains it for some steps, and shows the panel with its answer."""
    sessions = []

    def start(made: Project, steps: int = 0, kind: str = "thread") -> tuple[Session, TryPanel]:
        session = Session(kind)
        sessions.append(session)
        panel = TryPanel(session.history)
        qtbot.addWidget(panel)
        panel.wishes_changed.connect(session.ask)
        panel.resize(520, 360)
        session.add_view(panel)
        with qtbot.waitExposed(panel):
            panel.show()
        panel.activateWindow()
        qtbot.waitUntil(lambda: QApplication.activeWindow() is panel)
        session.open(made)
        session.set_pace(m.Pace(m.PaceUnit.UNLIMITED))
        qtbot.waitUntil(lambda: session.state is m.RunState.PAUSED)
        session.update_watch()
        if steps:
            session.advance(steps=steps)
            qtbot.waitUntil(lambda: session.step >= steps and not session.running)
        answered(qtbot, panel)
        return session, panel

    yield start
    for session in sessions:
        session.close()


def answered(qtbot, panel: TryPanel) -> None:
    """The latest question has its answer, and it is drawn."""

    def there() -> bool:
        lanes = panel.history.lanes
        return all(lane.example is not None and lane.example.number == panel.question.number for lane in lanes)

    qtbot.waitUntil(there)
    panel.refresh()


XOR: dict[str, object] = {"kind": "xor", "samples": 200, "noise": 0.05}
HIDDEN: list[dict[str, object]] = [
    {"id": "h1", "kind": "dense", "units": 8},
    {"id": "a1", "kind": "tanh"},
    {"id": "out", "kind": "dense", "units": 1},
]


def xor(**training: object) -> Project:
    return project(HIDDEN, "binary_cross_entropy", XOR, optimizer={"kind": "adam", "lr": 0.05}, **training)


def test_clicks_on_the_corners_of_a_trained_xor_give_their_classes(qtbot, run) -> None:
    session, panel = run(xor(), steps=600)
    plane = panel.input.plane
    left, right, low, high = plane.bounds
    for x1, x2, label in ((-0.7, -0.7, 0), (-0.7, 0.7, 1), (0.7, -0.7, 1), (0.7, 0.7, 0)):
        square = plane.square()
        at = QPoint(
            round(square.left() + (x1 - left) / (right - left) * square.width()),
            round(square.bottom() - (x2 - low) / (high - low) * square.height()),
        )
        QTest.mouseClick(plane, LEFT, NO, at)
        assert panel.probes[0].x is not None
        answered(qtbot, panel)
        answer = session.history.lanes[0].example
        assert answer.chosen == label
        assert f"class {label}" in panel.summary()
        assert answer.probabilities[0] > 0.9 if label else answer.probabilities[0] < 0.1


@pytest.mark.parametrize("kind", ["thread", "process"])
def test_a_drawn_digit_is_answered_and_another_stroke_changes_the_answer(qtbot, run, kind) -> None:
    layers: list[dict[str, object]] = [
        {"id": "h1", "kind": "dense", "units": 32},
        {"id": "a1", "kind": "relu"},
        {"id": "out", "kind": "dense", "units": 10},
        {"id": "p", "kind": "softmax"},
    ]
    made = project(layers, "cross_entropy", DIGITS, optimizer={"kind": "adam", "lr": 0.01})
    session, panel = run(made, steps=300, kind=kind)
    assert isinstance(panel.input, PadInput)
    assert (panel.input.pad.low, panel.input.pad.high) == (0.0, 16.0)
    first = session.history.lanes[0].example
    assert first.origin.label == Trainer(made).data.y[0]
    QTest.mouseClick(panel.input.clear, LEFT)
    answered(qtbot, panel)
    seen = []
    for stroke in ([(3.5, 0.5), (3.5, 7.5)], [(2.5, 0.5), (6.5, 0.5)]):
        draw(panel.input, stroke)
        answered(qtbot, panel)
        answer = session.history.lanes[0].example
        assert answer.origin is None
        assert answer.data.classes == 10
        seen.append(np.array(answer.output))
    assert np.abs(seen[1] - seen[0]).max() > 0.01
    assert panel.input.x.max() == 16.0
    trainer = Trainer(made)
    trainer.run(300)
    np.testing.assert_allclose(seen[1], trainer.network.predict(panel.input.x[None])[0], rtol=1e-4, atol=1e-6)


def draw(made: PadInput, stroke: list[tuple[float, float]]) -> None:
    area = made.pad.area()
    places = [
        QPoint(round(area.left() + a * area.width() / 8), round(area.top() + d * area.height() / 8)) for a, d in stroke
    ]
    QTest.mousePress(made.pad, LEFT, NO, places[0])
    for place in places[1:]:
        QTest.mouseMove(made.pad, place)
    QTest.mouseRelease(made.pad, LEFT, NO, places[-1])


def test_it_answers_before_training_and_follows_training(qtbot, run) -> None:
    session, _ = run(xor(epochs=10_000_000))
    untrained = float(session.history.lanes[0].example.output[0])
    assert untrained == Trainer(xor()).network.predict(Trainer(xor()).data.x[:1])[0, 0]
    seen = {untrained}
    session.play()

    def grew() -> bool:
        seen.add(float(session.history.lanes[0].example.output[0]))
        return len(seen) > 5

    qtbot.waitUntil(grew)
    assert session.running
    session.pause()
    qtbot.waitUntil(lambda: not session.running)


def test_a_hidden_panel_asks_for_nothing(qtbot, run) -> None:
    session, panel = run(xor())
    assert session._watch.probes == (panel.question,)
    panel.hide()
    session.update_watch()
    assert session._watch.probes == ()


def test_moving_the_point_redraws_no_other_panel(qtbot, run) -> None:
    session, panel = run(xor())
    other = FakeView("loss", "histograms", "boundary", probes=(Boundary(),))
    session.add_view(other)
    qtbot.waitUntil(lambda: session.history.lanes[0].boundary is not None)
    qtbot.waitUntil(lambda: all_shown(session))
    before = other.refreshed
    for x1 in (0.1, 0.2, 0.3):
        panel.input.plane.go_to(np.array([x1, 0.0]))
        panel.input.plane.moved.emit()
        qtbot.wait(20)
        answered(qtbot, panel)
    assert other.refreshed == before
    session.remove_view(other)


def test_an_example_that_no_longer_fits_is_taken_anew(qtbot, run) -> None:
    """A new run on pictures while a point of the plane is in the hand."""
    session, panel = run(xor())
    panel.input.plane.moved.emit()
    answered(qtbot, panel)
    layers: list[dict[str, object]] = [{"id": "out", "kind": "dense", "units": 10}]
    with qtbot.waitSignal(session.opened):
        session.open(project(layers, "cross_entropy", DIGITS))
    answered(qtbot, panel)
    assert isinstance(panel.input, PadInput)
    assert raw(panel.input.x) == raw(session.history.lanes[0].example.origin.x)


def test_the_theme_reaches_the_inputs(qtbot, run) -> None:
    _, panel = run(xor())
    dark = panel.grab().toImage()
    theme.look().use(theme.LIGHT)
    light = panel.grab().toImage()
    centre = panel.input.plane.mapTo(panel, panel.input.plane.square().topLeft().toPoint() + QPoint(3, 3))
    assert dark.pixelColor(centre).lightness() < 80
    assert light.pixelColor(centre).lightness() > 200
