"""One cursor for all panels: what is hovered in one lights up in the others."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from engine.probes.example import Part
from engine.probes.histograms import HistogramAnswer
from netviz import theme
from netviz.panels.boundary import BoundaryPanel
from netviz.panels.gradients import GradientsPanel
from netviz.panels.histograms import HistogramsPanel
from netviz.panels.loss import LossPanel
from netviz.panels.saturation import SaturationPanel
from netviz.panels.worst import WorstPanel
from netviz.runtime.cursor import NOTHING, Mark
from netviz.widgets import hover
from netviz.widgets.plot import Plot
from tests.netviz.panels.histories import opened, scalars, take
from tests.netviz.panels.layer_answers import histogram
from tests.netviz.panels.output_answers import listed, worst_answer, xor_answer
from tests.netviz.panels.test_every_panel import open_panel, picture

ACCENT = QColor(theme.DARK.accent)


@pytest.fixture
def shown(qtbot):
    """Opens panels and holds them: what nobody holds is gone at once."""
    held = []

    def show(kind, history):
        held.append(open_panel(qtbot, kind, history))
        return held[-1]

    yield show
    held.clear()


def has_accent(image: QImage, area: QRectF) -> bool:
    """Whether the colour of a light is anywhere near the border of `area`."""
    rect = area.toRect().adjusted(-3, -3, 3, 3).intersected(image.rect())
    places = [(x, y) for x in range(rect.left(), rect.right()) for y in range(rect.top(), rect.bottom())]
    return any(
        abs(c.red() - ACCENT.red()) + abs(c.green() - ACCENT.green()) + abs(c.blue() - ACCENT.blue()) < 60
        for c in (image.pixelColor(x, y) for x, y in places)
    )


@pytest.fixture
def history():
    made = opened()
    losses = np.linspace(1.0, 0.1, 100)
    bars = HistogramAnswer((histogram("a1"), histogram("out")), 100)
    take(made.lanes[0], losses, layers=scalars(100, saturated=0.5), probes=[bars])
    made.cursor.house([("h1", "a1"), ("out",)])
    return made


def hover_at(widget, place: QPointF) -> None:
    widget.window().raise_()  # windows of a test lie over one another
    QTest.mouseMove(widget, place.toPoint() + QPoint(1, 0))
    QTest.mouseMove(widget, place.toPoint())


def test_a_ridge_lights_the_gradient_and_the_strip_of_its_box(qtbot, shown, history):
    ridges = shown(HistogramsPanel, history).ridges
    strips = shown(SaturationPanel, history).strips
    curves = shown(GradientsPanel, history).plot  # before the mouse moves: a window that comes up takes it away
    dark = picture(strips)
    row = next(row for row in ridges.rows(QRectF(ridges.rect())) if row.histogram.node == "a1")
    hover_at(ridges, row.area.center())
    qtbot.waitUntil(lambda: history.cursor.layers == {"h1", "a1"})
    area = strips.strips(QRectF(strips.rect()))[0].area
    assert has_accent(picture(strips), area)
    assert not has_accent(dark, area)
    lit = hover.lit(curves.axes[0].bundles, history.cursor, layered=True)
    assert [bundle.names for bundle in lit] == [("h1",)]
    assert np.array_equal(lit[0].middle[:, 0], curves.axes[0].bundles[0].middle[:, 0])


def test_a_step_is_drawn_in_every_panel_of_steps(qtbot, shown, history):
    loss, gradients = shown(LossPanel, history), shown(GradientsPanel, history)
    strips = shown(SaturationPanel, history).strips
    before = [picture(widget) for widget in (gradients, strips)]
    view = loss.loss.view()
    hover_at(loss.plot.viewport(), QPointF(float(view.x(60)), view.rect.center().y()))
    qtbot.waitUntil(lambda: history.cursor.mark.step is not None)
    step = history.cursor.mark.step
    assert abs(step - 60) <= 1, "a pixel is less than a step"
    other = gradients.plot.axes[0].view()
    x = gradients.plot.mapTo(gradients, QPoint(round(float(other.x(step))), 0)).x()
    image = picture(gradients)
    y = gradients.plot.mapTo(gradients, QPoint(0, round(other.rect.bottom()) - 4)).y()
    wanted = QColor(theme.DARK.faint)
    assert wanted in [image.pixelColor(x + d, y) for d in (-1, 0, 1)], "a line at the same step"
    assert picture(strips) != before[1]
    history.cursor.hover(NOTHING)
    assert [picture(widget) for widget in (gradients, strips)] == before


def test_a_click_pins_and_a_second_lets_go(qtbot, shown, history):
    ridges = shown(HistogramsPanel, history).ridges
    row = next(row for row in ridges.rows(QRectF(ridges.rect())) if row.histogram.node == "out")
    place = row.area.center().toPoint()
    qtbot.mouseClick(ridges, Qt.MouseButton.LeftButton, pos=place)
    assert history.cursor.pinned == Mark("out")
    QTest.mousePress(ridges, Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseRelease(ridges, Qt.MouseButton.LeftButton, pos=place + QPoint(60, 0))
    assert history.cursor.pinned == Mark("out"), "a drag is no click"
    qtbot.mouseClick(ridges, Qt.MouseButton.LeftButton, pos=place)
    assert history.cursor.pinned == NOTHING


def test_lights_are_drawn_over_a_picture_that_is_kept(qtbot, shown, history, monkeypatch):
    ridges = shown(HistogramsPanel, history).ridges
    history.cursor.hover(Mark("a1"))
    first = ridges.grab().toImage()
    calls = []
    monkeypatch.setattr(ridges, "paint", lambda painter, rect: calls.append(rect))
    history.cursor.hover(Mark("out"))
    second = ridges.grab().toImage()
    assert calls == [], "the histograms themselves were not painted anew"
    assert first != second
    ridges.update()
    ridges.grab()
    assert len(calls) == 1, "news are painted under a light, too"


def test_what_is_not_drawn_here_repaints_nothing(qtbot, shown, history):
    ridges = shown(HistogramsPanel, history).ridges
    qtbot.wait(50)
    seen = []
    history.cursor.changed.connect(lambda changed: seen.append(changed & ridges._follows))
    history.cursor.hover(Mark(step=3.0))
    history.cursor.hover(Mark(example=(Part.TRAINING, 0)))
    assert seen == [frozenset(), frozenset()]
    assert not ridges._lights(history.cursor.mark)


def test_the_example_under_the_mouse_is_ringed_in_plane_and_list(qtbot, shown):
    history = opened()
    take(history.lanes[0], [1.0], probes=[xor_answer(), worst_answer(examples=(listed(1, 2.0), listed(0, 1.0)))])
    squares = shown(BoundaryPanel, history).squares
    rows = shown(WorstPanel, history).list
    one = rows.placed(QRectF(rows.rect()))[0]
    hover_at(rows, one.row.center())
    qtbot.waitUntil(lambda: history.cursor.mark.example == one.spot)
    part, number = one.spot
    points = history.points.x if part is Part.TRAINING else history.points.x_val
    ((_, square),) = squares.squares(QRectF(squares.rect()))
    left, right, low, high = history.lanes[0].boundary.bounds
    x1, x2 = points[number]
    at = QPointF(
        square.left() + (x1 - left) / (right - left) * square.width(),
        square.bottom() - (x2 - low) / (high - low) * square.height(),
    )
    history.cursor.hover(Mark(example=one.spot))
    assert has_accent(picture(squares), QRectF(at.x() - 6, at.y() - 6, 12, 12))
    history.cursor.hover(NOTHING)
    assert not has_accent(picture(squares), QRectF(at.x() - 6, at.y() - 6, 12, 12))
    hover_at(squares, at)
    qtbot.waitUntil(lambda: history.cursor.mark.example == one.spot)


def test_one_lane_of_several_is_lit_among_the_losses(shown):
    history = opened("A", "B")
    for lane, level in zip(history.lanes, (0.2, 0.8), strict=True):
        take(lane, np.full(50, level))
    panel = shown(LossPanel, history)
    view = panel.loss.view()
    assert hover.curve_at(panel.loss.bundles, view, QPointF(float(view.x(20)), float(view.y(0.8))))[0] == 1
    history.cursor.hover(Mark(lane=1))
    lit = hover.lit(panel.loss.bundles, history.cursor, layered=False)
    assert {bundle.lane for bundle in lit} == {1}


def test_a_panel_that_is_put_away_leaves_what_another_hovers(shown, history):
    other, ridges = shown(SaturationPanel, history), shown(HistogramsPanel, history).ridges
    row = next(row for row in ridges.rows(QRectF(ridges.rect())) if row.histogram.node == "a1")
    hover_at(ridges, row.area.center())
    assert history.cursor.mark.layer == "a1"
    other.hide()
    assert history.cursor.mark.layer == "a1"


@pytest.mark.parametrize(("width", "boxed"), [(420, True), (210, False)])
def test_figures_hide_no_narrow_curves_while_the_mouse_is_elsewhere(shown, width, boxed):
    history = opened("a network", "another network")
    for lane in history.lanes:
        take(lane, np.full(50, 0.5))
    panel = shown(LossPanel, history)
    panel.resize(width, 280)
    raised = QColor(theme.DARK.raised)

    def covered() -> int:
        image, rect = picture(panel), panel.plot.geometry()
        places = [(x, y) for x in range(rect.left(), rect.right(), 2) for y in range(rect.top(), rect.bottom(), 2)]
        return sum(image.pixelColor(x, y) == raised for x, y in places)

    before = covered()
    panel.plot.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)  # wherever windows are put under it
    history.cursor.pin(Mark(step=20.0))
    assert (covered() > before + 100) is boxed


def counted(monkeypatch, *names: str) -> dict[str, int]:
    """How often methods of a Plot are called from now on."""
    seen = dict.fromkeys(names, 0)

    def watch(name: str, work) -> None:
        def call(self, *args):
            seen[name] += 1
            return work(self, *args)

        monkeypatch.setattr(Plot, name, call)

    for name in names:
        watch(name, getattr(Plot, name))
    return seen


def test_a_light_paints_no_curve_anew_and_new_curves_no_axes(shown, history, monkeypatch):
    loss, gradients = shown(LossPanel, history).plot, shown(GradientsPanel, history).plot
    seen = counted(monkeypatch, "_paint_curves", "_paint_axes", "_paint_lights")
    plots = (loss, gradients)

    def look() -> dict[str, int]:
        seen.update(dict.fromkeys(seen, 0))
        for plot in plots:
            plot.viewport().grab()
        return dict(seen)

    look()
    for step in (10.0, 20.0, 30.0):
        history.cursor.hover(Mark(layer="h1", step=step))
        assert look() == {"_paint_curves": 0, "_paint_axes": 0, "_paint_lights": 2}
    for axes in (2, 0, 0):  # the first new step is beyond the axes, which then reach further
        take(history.lanes[0], np.array([0.1]), layers=scalars(1, saturated=0.5))
        for panel in (loss.parent(), gradients.parent().parent()):
            panel.refresh()
        assert look() == {"_paint_curves": 2, "_paint_axes": axes, "_paint_lights": 2}
    gradients.axes[0].box.setXRange(5, 50, padding=0)
    assert look() == {"_paint_curves": 1, "_paint_axes": 1, "_paint_lights": 2}
