"""What the run bar costs a window while a run goes on: figures change, and nothing is laid out anew."""

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget

from engine.run.messages import RunState
from netviz.runtime.session import Session
from netviz.widgets.run_bar import RunBar


class Layouts(QObject):
    """Counts how often a widget is asked to lay its parts out."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.count = 0
        watched.installEventFilter(self)

    def eventFilter(self, watched, event) -> bool:
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


@pytest.fixture
def session():
    made = Session("thread")
    yield made
    made.close()


def test_figures_that_change_lay_nothing_out(qtbot, session) -> None:
    bar = RunBar(session)
    qtbot.addWidget(bar)
    with qtbot.waitExposed(bar):
        bar.show()
    session.state, session.rate = RunState.RUNNING, 900.0
    bar.refresh()
    qtbot.wait(50)  # until all is laid out
    layouts = Layouts(bar)
    for step in range(10):
        session.step, session.epoch, session.rate = 1000 * step, step, 9_000.0 + step
        bar.refresh()
        QApplication.processEvents()
    assert layouts.count == 0
    session.step = 10**15  # more than there is room for
    bar.refresh()
    QApplication.processEvents()
    assert layouts.count > 0
    assert bar._where.width() >= bar._where.fontMetrics().horizontalAdvance(bar._where.text())
    session.state = RunState.PAUSED
    bar.refresh()
    assert bar.play.text() == "Play"


@pytest.mark.parametrize(("rate", "said"), [(12_345.6, "12\u202f346"), (10.4, "10"), (4.26, "4.3"), (0.213, "0.21")])
def test_slow_steps_have_a_rate_too(qtbot, session, rate, said) -> None:
    bar = RunBar(session)
    qtbot.addWidget(bar)
    session.state, session.rate = RunState.RUNNING, rate
    bar.refresh()
    assert bar._where.text().endswith(f" {said} steps/s")
