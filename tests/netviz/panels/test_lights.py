"""What is pointed at lights up over pictures that stay: nothing is found, traced or written again for a light."""

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from netviz.panels.follow import FollowPanel
from netviz.panels.gradients import GradientsPanel
from netviz.panels.loss import LossPanel
from netviz.panels.try_it import TryPanel
from netviz.runtime.cursor import NOTHING, Mark
from netviz.widgets import cells, strokes
from netviz.widgets.lighting import APART, PLACES
from netviz.widgets.outcome import Outcome
from netviz.widgets.strokes import Tracer
from tests.netviz.panels.test_every_panel import filled, open_panel
from tests.netviz.panels.test_repaints import paint_all


@pytest.fixture
def count(monkeypatch):
    """`count(owner, name)` is a list that grows by the first argument with each call."""

    def watch(owner, name: str) -> list[object]:
        calls, plain = [], getattr(owner, name)

        def counted(*arguments, **named):
            calls.append(arguments[0])
            return plain(*arguments, **named)

        monkeypatch.setattr(owner, name, counted)
        return calls

    return watch


def point(panel, mark: Mark) -> None:
    panel.history.cursor.hover(mark)
    QTest.qWait(APART * PLACES + 10)  # longer than a light takes
    paint_all(panel)


def refresh(panel) -> None:
    panel.refresh()
    paint_all(panel)


def test_a_light_on_curves_traces_none(qtbot, count) -> None:
    panel = open_panel(qtbot, GradientsPanel, filled("net", "other"))
    refresh(panel)
    traced, drawn = count(Tracer, "trace"), count(strokes.Stroke, "draw")
    point(panel, Mark("h1"))
    assert [stroke.name for stroke in drawn] == ["h1", "h1"]
    assert traced == []
    refresh(panel)
    assert len(traced) == len(panel.plot.axes)


def test_curves_over_the_same_steps_are_cut_into_columns_once(qtbot, count) -> None:
    panel = open_panel(qtbot, LossPanel, filled("net", "other"), height=420)
    assert len(panel.loss.bundles) == 4
    assert len(panel.accuracy.bundles) == 2
    cut = count(strokes, "columns")
    refresh(panel)
    assert len(cut) == 2  # the batches and the scores of lanes that train side by side


def test_the_outcome_finds_its_places_once_a_picture(qtbot, count) -> None:
    panel = open_panel(qtbot, TryPanel, filled("net", "other"))
    found, coloured = count(Outcome, "_part"), count(cells, "colours")
    refresh(panel)
    assert (len(found), len(coloured)) == (2, 1)  # the lanes' places; the strips of all lanes at once
    point(panel, Mark("h1", 1))
    panel.outcome.mark_at(panel.outcome.rect().center().toPointF())
    assert (len(found), len(coloured)) == (2, 1)
    panel.outcome.resize(panel.outcome.width() + 20, panel.outcome.height())
    paint_all(panel)
    assert len(found) == 4


@pytest.fixture
def follow(qtbot) -> FollowPanel:
    panel = open_panel(qtbot, FollowPanel, filled("net"), height=140)
    assert panel.ledger.scroll.isVisible()
    paint_all(panel)
    return panel


class Paints(QObject):
    """Counts how often a widget is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


def test_a_light_that_has_no_row_paints_no_ledger(follow) -> None:
    paints = Paints(follow.ledger)
    for mark in (Mark("h1", 2), Mark("out", 3), NOTHING):
        point(follow, mark)
    assert paints.count == 0
    for number, mark in enumerate((Mark("x", 0), Mark("x", 1), NOTHING), 1):
        point(follow, mark)
        assert paints.count == number


def test_new_figures_do_not_paint_the_scroll_bar(follow) -> None:
    ledger, scroll = Paints(follow.ledger), Paints(follow.ledger.scroll)
    refresh(follow)
    assert (ledger.count, scroll.count) == (1, 0)
