"""Boxes with live pictures are painted from pixels that are kept, and look as if all were painted each time."""

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor

from netviz import theme
from netviz.editor import node_item, pictures
from netviz.editor.live_pixels import LivePixels
from netviz.editor.node_item import NodeItem
from tests.netviz.editor.standing_run import canvas_of, down_up, grabbed, left_right


@pytest.mark.parametrize("zoom", [1.0, 0.83, 1.57])
def test_what_is_painted_again_looks_as_when_it_came(live, run, zoom):
    """On the spot at first, and from then on from pixels that are kept."""
    canvas = canvas_of(live)
    canvas.zoom_by(zoom, QPoint(101, 57))
    grabbed(live)
    run.answer(0, a1=[left_right, down_up, left_right, down_up])
    run.answer(2, h1=[down_up] * 3, h2=[left_right] * 3)
    live.refresh()
    grabbed(live)
    pictured = [box for box in canvas.sheet.nodes.values() if box.live is not None]
    for box in pictured:
        box.pixels = LivePixels()
    shots, kept = [], []
    for _ in range(3):
        shots.append(canvas.viewport().grab().toImage())
        kept.append(any(box.pixels.kept for box in pictured))
    assert kept == [False, True, True]
    assert shots[0] == shots[1] == shots[2]


def test_a_wire_that_changes_paints_its_boxes_without_their_maps(live, run, qtbot, monkeypatch):
    canvas, filled = canvas_of(live), []
    run.answer(0, a1=[left_right, down_up, left_right, down_up])
    live.refresh()
    qtbot.wait(50)
    fill, looks = pictures.Maps.fill, NodeItem._looks  # what a box looks like is asked when it is painted
    monkeypatch.setattr(pictures.Maps, "fill", lambda *args: (filled.append("maps"), fill(*args)))
    monkeypatch.setattr(NodeItem, "_looks", lambda self: filled.append(self) or looks(self))
    run.scalars(0, h1=1e-3, out=1e-2)
    live.refresh()
    qtbot.waitUntil(lambda: canvas.node_item(0, "h1") in filled)
    qtbot.wait(50)
    assert "maps" not in filled
    run.answer(0, a1=[down_up] * 4)
    live.refresh()
    qtbot.waitUntil(lambda: "maps" in filled)


@pytest.mark.parametrize("zoom", [1.0, 0.83, 1.57])
def test_maps_under_their_frames_look_as_maps_with_frames_on_them(live, run, zoom, monkeypatch):
    """A box leaves holes for its maps, which are then no smaller than they are."""
    canvas = canvas_of(live)
    canvas.zoom_by(zoom, QPoint(101, 57))
    run.answer(0, a1=[left_right, down_up, left_right, down_up])
    run.answer(2, h1=[down_up] * 3, h2=[left_right] * 3)
    live.refresh()
    in_holes = canvas.viewport().grab().toImage()
    for box in canvas.sheet.nodes.values():
        box.pixels = LivePixels()
    monkeypatch.setattr(node_item, "too_sharp", lambda painter: True)  # then all of it is painted on the box
    on_the_box = canvas.viewport().grab().toImage()
    assert in_holes == on_the_box
    tile = canvas.node_item(0, "h1").tiles()[0]
    place = canvas.mapFromScene(canvas.node_item(0, "h1").mapToScene(tile.center()))
    assert in_holes.pixelColor(place * in_holes.devicePixelRatio()) != QColor(theme.theme().card)


def test_what_stands_round_a_live_picture_is_painted_once_for_many_answers(live, run, monkeypatch):
    painted: list[NodeItem] = []
    paint = NodeItem._paint_still
    monkeypatch.setattr(NodeItem, "_paint_still", lambda self, painter: (painted.append(self), paint(self, painter)))
    canvas, item = canvas_of(live), canvas_of(live).node_item(0, "h1")

    def look() -> int:
        painted.clear()
        canvas.viewport().repaint()
        return painted.count(item)

    def answer() -> None:
        run.answer(0, a1=[left_right, down_up, left_right, left_right])
        live.refresh()

    answer()
    look()
    for _ in range(5):
        answer()
        assert look() == 0
    item.hover("h1")
    assert look() == 1
    assert look() == 0
    item.hover(None)
    assert look() == 0  # as it was before
    item.hover("h1")
    assert look() == 1  # nothing is kept of boxes at which the pointer was
    item.choose(frozenset({"h1"}), True, True)
    assert look() == 1
    item.hover(None)
    assert look() == 1
    assert look() == 0
