"""How layers fare, on their boxes: by shape, by colour and in words; nothing before there was a look."""

import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QColor, QImage, QPainter

from engine.diagnosis import Finding, Health
from engine.run.messages import LaneHealth
from netviz import theme
from netviz.editor.canvas import Canvas
from netviz.editor.live import Live
from netviz.widgets.health import LARGE, health_colour, paint_mark
from tests.netviz.editor.hand import wheel
from tests.netviz.editor.standing_run import canvas_of, grabbed, in_view, near
from tests.netviz.panels.histories import take

DEAD = Finding("dead", "Dead units", ("a1",), 9, Health.TROUBLE, "61% of a1 are dead.", cause=True)
FLAT = Finding("saturated", "Saturated units", ("a1",), 11, Health.WATCH, "Half of a1 is flat.")
WHOLE = Finding("still", "Loss stands still", (), 5, Health.TROUBLE, "No lower.")


def told(run, lane, findings=(), watched=(), looks=20):
    """The diagnosis of a lane: each node has the worst that is said of it."""
    said = [*watched, *findings]
    info = run.history.lanes[lane].info
    states = tuple(next((f.severity for f in reversed(said) if node in f.nodes), Health.FINE) for node in info.layers)
    take(run.history.lanes[lane], health=LaneHealth(tuple(findings), tuple(watched), states, looks, 0))


def mark(live, node, lane=0):
    return canvas_of(live).node_item(lane, node).mark


def at_mark(live, node):
    item = canvas_of(live).node_item(0, node)
    return in_view(live, item, item._corner.center())


def test_nothing_is_shown_before_there_was_a_look(live, run):
    assert mark(live, "h1") is None
    told(run, 0, looks=0)
    live.refresh()
    assert mark(live, "h1") is None
    assert "health" not in canvas_of(live).node_item(0, "h1").toolTip()
    told(run, 0, looks=1)
    live.refresh()
    assert mark(live, "h1").health is Health.FINE
    assert mark(live, "x") is None, "the diagnosis knows nothing of an input"
    assert mark(live, "out", lane=1) is None, "another lane's"


def test_a_box_has_the_worst_of_its_nodes_and_says_why(live, run):
    told(run, 0, watched=[FLAT])
    live.refresh()
    assert mark(live, "h1").health is Health.WATCH
    assert mark(live, "out").health is Health.FINE
    told(run, 0, [DEAD, WHOLE], [FLAT])
    live.refresh()
    assert mark(live, "h1").health is Health.TROUBLE
    words = canvas_of(live).node_item(0, "h1").toolTip()
    assert "health: trouble: Dead units, since step 9, the cause: 61% of a1 are dead.; Saturated units" in words
    assert "stands still" not in words, "what concerns the whole network is no node's"
    assert canvas_of(live).node_item(0, "out").toolTip().endswith("health: fine: nothing wrong so far")


def test_who_cannot_see_it_is_told(live, run):
    canvas_of(live).select(0, "h1")
    assert "ealth" not in canvas_of(live).accessibleDescription()
    told(run, 0, [DEAD])
    live.refresh()
    assert (
        canvas_of(live)
        .accessibleDescription()
        .endswith("Health: trouble: Dead units, since step 9, the cause: 61% of a1 are dead.")
    )


@pytest.mark.parametrize("health", list(Health))
def test_the_mark_has_the_colour_of_the_health(live, run, health):
    told(run, 0, [Finding("s", "S", ("a1",), 1, health, "So.")] if health is not Health.FINE else [])
    plain = grabbed(live)
    assert not near(plain, at_mark(live, "h1"), health_colour(health))
    live.refresh()
    assert near(grabbed(live), at_mark(live, "h1"), health_colour(health))


def shape(health):
    """Which of the pixels a mark covers, whatever its colour."""
    image = QImage(24, 24, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    paint_mark(painter, health, QPointF(12, 12))
    painter.end()
    colour = health_colour(health)
    return {(x, y) for x in range(24) for y in range(24) if near(image, QPoint(x, y), colour, 60)}


def test_the_three_differ_in_shape(app):
    dot, triangle, diamond = (shape(health) for health in (Health.FINE, Health.WATCH, Health.TROUBLE))
    assert max(x for x, _ in dot) - min(x for x, _ in dot) < LARGE + 2, "what is sound does not catch the eye"
    low, high = max(y for _, y in triangle), min(y for _, y in triangle)
    widths = [sum(1 for _, y in triangle if y == row) for row in (high + 1, low - 1)]
    assert widths[1] >= widths[0] + 3, "a triangle is broad below"
    rows = [sum(1 for _, y in diamond if y == row) for row in (8, 12, 16)]
    assert rows[1] > rows[0] + 3, "a diamond is broad in the middle"
    assert rows[1] > rows[2] + 3


def test_an_edit_takes_the_mark_away_and_undo_brings_it_back(live, run, document):
    told(run, 0, [DEAD])
    live.refresh()
    document.set_node_field(0, "h1", "units", 9)
    assert mark(live, "h1") is None
    assert mark(live, "out").health is Health.FINE
    document.stack.undo()
    assert mark(live, "h1").health is Health.TROUBLE


def test_the_switch_is_remembered_and_asks_for_nothing_when_it_is_off(live, run, document, qtbot):
    told(run, 0, [DEAD])
    live.refresh()
    assert live.needs_health
    asked = run.asked
    live.health.setChecked(False)
    assert (mark(live, "h1"), live.needs_health) == (None, False)
    assert run.asked > asked
    other = Canvas(document)
    qtbot.addWidget(other)
    assert not Live(other, document, run).health.isChecked()
    live.health.setChecked(True)
    assert mark(live, "h1").health is Health.TROUBLE


def test_from_afar_no_mark_is_asked_for(live):
    assert live.needs_health
    wheel(canvas_of(live), canvas_of(live).rect().center(), -9)
    assert not live.needs_health


def test_another_theme_has_its_own_colours(live, run):
    told(run, 0, [DEAD])
    live.refresh()
    theme.look().use(theme.LIGHT)
    try:
        assert near(grabbed(live), at_mark(live, "h1"), theme.LIGHT.red)
    finally:
        theme.look().use(theme.DARK)
