"""The first pictures of each class, as the import dialog draws them."""

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage

from netviz import theme
from netviz.document.importing import Pictures
from netviz.widgets.class_pictures import LARGEST, SMALLEST, ClassPictures


@pytest.fixture
def shown(qtbot, qapp):
    theme.start(qapp, "dark")

    def make(pictures, width=600, height=200) -> ClassPictures:
        made = ClassPictures()
        qtbot.addWidget(made)
        made.resize(width, height)
        made.show_pictures(tuple(pictures))
        return made

    yield make
    theme.look().use(theme.DARK)


def drawn(widget) -> QImage:
    image = QImage(widget.size(), QImage.Format.Format_RGB32)
    widget.render(image)
    return image


def classes(count: int, each: int = 6, side: int = 8) -> list[Pictures]:
    """Class k in the grey k of `count`."""
    return [
        Pictures(f"class {k}", tuple(np.full((1, side, side), 255 * k // (count - 1)) for _ in range(each)))
        for k in range(count)
    ]


@pytest.mark.parametrize("count", [2, 3, 10, 20])
@pytest.mark.parametrize("size", [(600, 200), (300, 120), (900, 80)])
def test_rows_stand_apart_inside(shown, count, size) -> None:
    widget = shown(classes(count), *size)
    words, tiles = widget.placed(QRectF(widget.rect()))
    whole = QRectF(widget.rect()).adjusted(-0.1, -0.1, 0.6, 0.6)
    areas = [area for area, *_ in (*words, *tiles)]
    assert all(whole.contains(area) for area in areas)
    for k, area in enumerate(areas):
        assert not any(area.intersects(other) for other in areas[k + 1 :])
    assert all(SMALLEST - 0.01 <= area.width() <= LARGEST for area, *_ in tiles)
    if count <= 10:
        assert [name for _, name in words] == [f"class {k}" for k in range(count)]
        assert {name for _, name, _ in tiles} == {f"class {k}" for k in range(count)}
    if size == (600, 200):
        assert len(tiles) == 6 * count


def test_a_picture_is_in_its_own_grey_and_told_by_its_class(shown) -> None:
    widget = shown(classes(6))
    image = drawn(widget)
    for area, name, _ in widget.placed(QRectF(widget.rect()))[1]:
        number = int(name.removeprefix("class "))
        assert QColor(image.pixelColor(area.center().toPoint())).red() == pytest.approx(51 * number, abs=2)
        assert widget.tip(area.center()) == name
    assert widget.accessibleDescription().startswith("class 0: 6, class 1: 6")


def test_colours_stay_colours_and_vectors_are_pictures_where_they_can(shown) -> None:
    red = np.zeros((3, 8, 8))
    red[0] = 255
    square, strip = np.arange(64.0), np.linspace(-1, 1, 30)
    widget = shown([Pictures("red", (red,)), Pictures("square", (square,)), Pictures("strip", (strip,))])
    image = drawn(widget)
    (first, *_), _, (third, *_) = widget.placed(QRectF(widget.rect()))[1]
    colour = image.pixelColor(first.center().toPoint())
    assert (colour.red(), colour.green(), colour.blue()) == (255, 0, 0)
    colours = {
        image.pixelColor(int(third.left()) + x, int(third.bottom()) - 2).name() for x in range(int(third.width()))
    }
    assert QColor(theme.DARK.raised).name() in colours  # bars around 0, on their own ground


def test_without_pictures_it_is_not_there(shown) -> None:
    widget = shown([])
    assert not widget.isVisible()
    assert widget.placed(QRectF(widget.rect())) == ([], [])
    drawn(widget)
