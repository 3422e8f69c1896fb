"""What stays the same is painted once, looks as if it had been painted on the spot, and follows the theme."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from PySide6.QtWidgets import QApplication

from netviz import theme
from netviz.panels.boundary import BoundaryPanel
from netviz.panels.derivative import DerivativePanel
from netviz.panels.histograms import HistogramsPanel
from netviz.panels.noise import NoisePanel
from netviz.panels.saturation import SaturationPanel
from netviz.panels.spectrum import SpectrumPanel
from netviz.panels.weights import WeightsPanel
from netviz.runtime.cursor import Cursor, Mark
from netviz.widgets.backdrop import Backdrop
from netviz.widgets.canvas import Canvas
from netviz.widgets.marks import fonts
from tests.netviz.panels.test_every_panel import filled, open_panel, picture

AREA = QRectF(3.3, 4.6, 120.2, 60.4)


def words(painter: QPainter) -> None:
    painter.setPen(QPen(QColor("#f80"), 1.4))
    painter.drawRoundedRect(AREA.adjusted(2, 2, -2, -2), 5, 5)
    painter.setFont(fonts().words)
    painter.drawText(AREA, Qt.AlignmentFlag.AlignCenter, "σ₁ 0.123")


def drawn(ratio: float, zoom: float, paint) -> np.ndarray:
    image = QImage(round(200 * ratio), round(120 * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(QColor("#123"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(0.37, 0.71)
    painter.scale(zoom, zoom)
    paint(painter)
    painter.fillRect(QRectF(0, 0, 2, 2), QColor("#fff"))  # the painter is left as it was
    painter.end()
    return np.array(image.constBits(), np.uint8).reshape(image.height(), -1).astype(int)


@pytest.mark.parametrize("ground", [None, QColor("#123")])
@pytest.mark.parametrize(("ratio", "zoom"), [(1.0, 1.0), (1.0, 0.83), (2.0, 1.0), (1.5, 1.27)])
def test_it_looks_as_if_painted_on_the_spot(qapp, ratio, zoom, ground):
    kept = Backdrop()
    wanted = drawn(ratio, zoom, words)
    for _ in range(2):  # painted, and laid down again
        found = drawn(ratio, zoom, lambda p: kept.draw(p, AREA, (), words, ground))
        assert np.abs(found - wanted).max() <= 3, "of 255: what blends twice is rounded twice"
    assert np.abs(drawn(ratio, zoom, lambda p: None) - wanted).max() > 60


def test_it_is_painted_anew_only_where_it_would_come_out_otherwise(qapp):
    painted: list[int] = []
    kept = Backdrop()

    def look(made_of: object = 1, ratio: float = 1.0, zoom: float = 1.0, area: QRectF = AREA) -> int:
        painted.clear()
        drawn(ratio, zoom, lambda p: kept.draw(p, area, (made_of,), lambda _: painted.append(1)))
        return len(painted)

    theme.start(QApplication.instance(), "dark")
    assert look() == 1
    assert [look() for _ in range(5)] == [0] * 5
    for change in ({"made_of": 2}, {"ratio": 2.0}, {"zoom": 0.9}, {"area": AREA.translated(QPointF(0.3, 0))}):
        assert look(**change) == 1, change
        assert look(**change) == 0, change
        look()
    theme.start(QApplication.instance(), "light")
    assert look() == 1
    try:
        theme.look().resize(1.25)
        assert look() == 1
    finally:
        theme.look().resize(1.0)
    look()
    kept.forget()
    assert look() == 1


def test_where_there_is_no_room_nothing_is_painted(qapp):
    painted: list[int] = []
    plain = drawn(1.0, 1.0, lambda p: None)
    found = drawn(1.0, 1.0, lambda p: Backdrop().draw(p, QRectF(5, 5, 0, 9), (), lambda _: painted.append(1)))
    assert painted == []
    assert (found == plain).all()


@pytest.mark.parametrize(
    "kind", [SpectrumPanel, NoisePanel, HistogramsPanel, WeightsPanel, SaturationPanel, DerivativePanel, BoundaryPanel]
)
def test_names_and_axes_of_a_panel_are_painted_once_for_many_answers(qtbot, monkeypatch, kind):
    history = filled("A", "B")
    panel = open_panel(qtbot, kind, history)
    painted: list[int] = []
    for part in panel.findChildren(Canvas):
        if paint := getattr(part, "_paint_behind", None):
            monkeypatch.setattr(part, "_paint_behind", lambda *args, paint=paint: (painted.append(1), paint(*args)))
            part._behind.forget()
            part.update()
    before = picture(panel)
    assert painted, "what stays the same is painted by itself"
    panel.refresh()
    picture(panel)
    painted.clear()
    for _ in range(5):
        panel.refresh()
        picture(panel)
    assert painted == []
    assert picture(panel) == before
    panel.resize(panel.width() - 40, panel.height() - 30)
    picture(panel)
    assert painted, "in another place it is another one"


@pytest.mark.parametrize("where", ["the picture", "behind", "a stamp", "a light"])
def test_a_painting_that_fails_ends_no_program_and_comes_out_the_next_time(qtbot, where):
    """A painter that is left open takes its paper with it: Qt then ends the program without a word."""
    fails = [True]

    def red(painter: QPainter, *area) -> None:
        if fails[0]:
            raise ValueError("no picture")
        painter.fillRect(QRectF(0, 0, 90, 60), QColor("red"))

    class Failing(Canvas):
        def paint(self, painter: QPainter, rect: QRectF) -> None:
            if where == "behind":
                self.paint_behind(painter, rect, (), red)
            elif where == "a stamp":
                self.paint_stamp(painter, QRectF(0, 0, 90, 60), (), red)
            elif where == "the picture":
                red(painter)

        def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
            red(painter)

    cursor = Cursor()
    canvas = Failing()
    qtbot.addWidget(canvas)
    canvas.follow(cursor, "layer")
    canvas.resize(90, 60)
    if where == "a light":
        cursor.hover(Mark(layer="h1"))
    with pytest.raises(ValueError, match="no picture"):
        canvas.grab()
    fails[0] = False
    assert canvas.grab().toImage().pixelColor(10, 10) == QColor("red")
