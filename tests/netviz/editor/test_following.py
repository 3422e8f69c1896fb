"""The followed example on the drawn network: cells in boxes, values and gradients on wires, and none that is not so."""

import dataclasses

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath

from engine.graph import Graph, Node
from engine.layers.activations import Relu
from engine.probes.follow import FollowedNode
from netviz import theme
from netviz.editor.canvas import Canvas
from netviz.editor.followed_pictures import Cells, Sent, small_figures
from netviz.editor.following import Following
from netviz.editor.live import Live
from netviz.editor.routing import Route
from tests.netviz.editor.conftest import shown
from tests.netviz.editor.test_live import Run
from tests.netviz.panels.histories import take
from tests.netviz.panels.output_answers import follow_answer

AREA = QRectF(0, 0, 100, 60)
NAN = float("nan")


def cells(*values: float, gradients: object = None, **more: object) -> Cells:
    made = FollowedNode("a1", "tanh", len(values), np.array(values), gradients)
    return Cells.of(made, more.pop("chosen", None), True, **more)


def painted(picture: Cells, area: QRectF = AREA) -> QImage:
    image = QImage(area.size().toSize(), QImage.Format.Format_RGB32)
    image.fill(QColor(theme.theme().card))
    painter = QPainter(image)
    picture.paint(painter, area)
    painter.end()
    return image


@pytest.fixture(autouse=True)
def dark(app):
    theme.look().use(theme.DARK)


def test_a_few_units_are_cells_with_numbers_one_below_the_other() -> None:
    picture = cells(1.0, -0.5, 0.0, NAN)
    tiles = picture.tiles(AREA)
    assert [tile.top() for tile in tiles] == sorted(tile.top() for tile in tiles)
    assert len({tile.left() for tile in tiles}) == 1
    image = painted(picture)
    corners = [image.pixelColor(int(tile.left()) + 2, int(tile.top()) + 2) for tile in tiles]
    assert corners[0].name() == theme.DARK.orange
    assert corners[2].name() == theme.DARK.card
    assert corners[3].name() == theme.DARK.red
    assert corners[1].blueF() > corners[1].redF()
    inked = sum(
        image.pixelColor(x, y) != corners[0]
        for x in range(20, 80)
        for y in range(int(tiles[0].top()) + 2, int(tiles[0].bottom()) - 1)
    )
    assert inked > 10  # its number


def test_a_single_unit_has_its_gradient_below_its_value() -> None:
    alone, with_gradient = painted(cells(2.0)), painted(cells(2.0, gradients=np.array([-0.25])))
    assert alone != with_gradient
    assert "∂L/∂a1: −0.25" in cells(2.0, gradients=np.array([-0.25])).words


@pytest.mark.parametrize("count", [1, 2, 5, 9, 16, 32, 100, 700])
def test_every_unit_has_a_place_inside_and_is_found_there(count: int) -> None:
    picture = cells(*np.linspace(-1, 1, count))
    tiles = picture.tiles(AREA)
    assert len(tiles) == count or (count == 700 and not tiles)
    for unit, tile in enumerate(tiles):
        assert AREA.adjusted(-0.1, -0.1, 0.1, 0.1).contains(tile)
        assert picture.unit_at(AREA, tile.center()) == unit
    painted(picture)


def test_a_picture_keeps_its_shape() -> None:
    x = np.zeros(64)
    x[8:16] = 1.0  # the second line
    node = FollowedNode("x", "input", 64, x, None)
    picture = Cells.of(node, None, True, (8, 8))
    tiles = picture.tiles(AREA)
    assert tiles[8].topLeft() - tiles[0].topLeft() == QPointF(0, tiles[0].height())
    image = painted(picture)
    assert image.pixelColor(tiles[11].center().toPoint()).name() == theme.DARK.orange
    assert image.pixelColor(tiles[3].center().toPoint()).name() == theme.DARK.card


def test_the_chosen_unit_is_outlined() -> None:
    picture = cells(1.0, -0.5, chosen=1)
    tile, accent = picture.tiles(AREA)[1], QColor(theme.DARK.accent)
    image = painted(picture)
    assert image.pixelColor(int(tile.left()) + 1, int(tile.center().y())) == accent
    assert image.pixelColor(int(picture.tiles(AREA)[0].left()) + 1, 5) != accent


def test_a_wire_writes_one_number_and_draws_several() -> None:
    path = QPainterPath(QPointF(0, 50))
    path.lineTo(200, 50)
    route = Route(path, QPointF(100, 50))
    one = Sent(np.array([0.5]), np.array([-0.25]), 1, False)
    several = Sent(np.array([1.0, -1.0]), None, 2, False)
    nothing = Sent(None, None, 1, False)
    assert one.rect(route).height() > several.rect(route).height()
    assert one.rect(route).bottom() < 50  # above its wire
    image = QImage(200, 100, QImage.Format.Format_RGB32)
    image.fill(QColor(theme.DARK.window))
    painter = QPainter(image)
    several.paint(painter, route)
    nothing.paint(painter, route)
    painter.end()
    row = several.rect(route)
    assert image.pixelColor(int(row.left()) + 5, int(row.top()) + 3).name() == theme.DARK.orange
    assert image.pixelColor(int(row.left()) + 10, int(row.top()) + 3).name() == theme.DARK.blue


@pytest.mark.parametrize("length", [34, 60, 200])
def test_a_row_of_cells_is_no_longer_than_its_wire(length: int) -> None:
    path = QPainterPath(QPointF(50, 50))
    path.lineTo(50 + length, 50)
    row = Sent(np.linspace(-1, 1, 16), np.linspace(1, -1, 16), 16, False).rect(
        Route(path, QPointF(50 + length / 2, 50))
    )
    assert 50 <= row.left() < row.right() <= 50 + length


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("high", [30, 50, 80, 160])
def test_lines_of_a_cell_do_not_lie_on_one_another(scale: float, high: int) -> None:
    theme.look().resize(scale)
    try:
        picture, area = cells(1.5, -2.5, gradients=np.array([0.25, -0.125])), QRectF(0, 0, 300, high)
        image, tile = painted(picture, area), picture.tiles(area)[0]
        across = range(int(tile.left()) + 2, int(tile.right()) - 2)
        down = range(int(tile.top()) + 2, int(tile.bottom()) - 1)
        runs = "".join("x" if len({image.pixel(x, y) for x in across}) > 1 else " " for y in down).split()
        assert len(runs) in (1, 2)
        assert len(runs) == 1 or tile.height() / 2 >= 0.85 * QFontMetricsF(small_figures()).height()
        assert all(len(run) <= 1.6 * QFontMetricsF(small_figures()).capHeight() for run in runs), "two lines in one"
    finally:
        theme.look().resize(1.0)


@pytest.fixture
def followed(document, app, qtbot, tmp_path):
    """A canvas over a run of the document's three lanes; the first has answered."""
    canvas = Canvas(document)
    qtbot.addWidget(canvas)
    canvas.resize(1200, 700)
    run = Run(document)
    live = Live(canvas, document, run)
    made = Following(canvas, document, run, live)
    shown(canvas, qtbot)
    take(run.history.lanes[0], probes=(follow_answer(),))
    made.run = run
    return made


def test_only_what_is_switched_on_is_shown_and_asked(followed) -> None:
    sheet = followed._canvas.sheet
    followed.refresh()
    assert not followed.isVisible()
    assert all(item.followed is None for item in sheet.nodes.values())
    before = followed.run.asked
    followed.action.trigger()
    assert followed.followed.on
    assert followed.isVisible()
    assert followed.probes == (followed.followed.question,)
    assert followed.run.asked > before
    assert sheet.nodes[0, "h1"].followed.values[0] == np.tanh(1.75)
    assert sheet.nodes[0, "x"].followed.values.tolist() == [-1.0, 1.0]
    assert (sheet.nodes[0, "h1"].followed.chosen, sheet.nodes[0, "x"].followed.chosen) == (0, None)
    assert all(sheet.nodes[lane, "x"].followed is None for lane in (1, 2))  # which have not answered
    assert "a1: 0.941" in sheet.nodes[0, "h1"].toolTip()
    followed.action.trigger()
    assert all(item.followed is None for item in sheet.nodes.values())
    assert all(item.carried is None for item in sheet.wires.values())


def test_boxes_have_room_for_values_even_without_live_pictures(followed) -> None:
    followed._live.pictures.setChecked(False)
    assert not followed._canvas.sheet.pictured
    followed.followed.turn(True)
    assert followed._canvas.sheet.pictured
    followed.followed.turn(False)
    assert not followed._canvas.sheet.pictured


def test_a_box_that_is_chosen_opens_its_card(followed) -> None:
    followed.followed.look_at("h1", 3)
    followed._canvas.select(0, "out")
    assert (followed.followed.question.node, followed.followed.question.unit) == ("out", 3)


def test_wires_carry_what_has_come_so_far(followed) -> None:
    followed.followed.turn(True)
    sheet = followed._canvas.sheet
    first, last = (
        next(i for (lane, w), i in sheet.wires.items() if lane == 0 and w.end == end) for end in ("h1", "out")
    )
    assert first.carried.values.tolist() == [-1.0, 1.0]
    assert first.carried.returned.tolist() == [0.1, -0.2]
    followed.followed.go_to(0)
    assert (first.carried.lit, last.carried.lit) == (True, False)
    assert (first.carried.returned, last.carried.values) == (None, None)
    assert sheet.nodes[0, "h1"].followed is None  # its activation has nothing yet
    followed.followed.go_to(1)
    assert sheet.nodes[0, "h1"].followed is not None
    assert sheet.nodes[0, "h1"].followed.gradients is None
    followed.followed.go_to(4)
    assert last.carried.lit
    assert sheet.nodes[0, "h1"].followed.gradients is not None
    assert sheet.nodes[0, "x"].followed.gradients is None
    assert first.boundingRect().contains(first.carried.rect(first.route))
    assert first.zValue() > sheet.nodes[0, "h1"].zValue()  # its numbers are read, however short it is
    followed.followed.turn(False)
    assert first.zValue() < sheet.nodes[0, "h1"].zValue()


def test_what_is_edited_is_not_shown_until_it_runs(followed, document) -> None:
    followed.followed.turn(True)
    sheet = followed._canvas.sheet
    graph = document.project.graph
    nodes = tuple(Node(node.id, Relu()) if node.id == "a1" else node for node in graph.nodes)
    followed.run.project = dataclasses.replace(document.project, graph=Graph(nodes, graph.edges))
    followed.refresh()
    assert sheet.nodes[0, "h1"].followed is None
    assert sheet.nodes[0, "x"].followed is not None
