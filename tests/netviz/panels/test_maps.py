"""The panel of feature maps: where its tiles stand, what they are coloured by, and what is said of them."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from engine.probes.example import Part
from engine.probes.maps import LayerFilters, LayerMaps, Maps
from engine.run.messages import LaneInfo
from netviz.panels.maps import MapsPanel
from netviz.runtime.cursor import Mark
from netviz.theme import theme
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.layer_answers import maps_answer


@pytest.fixture
def show(qtbot):
    def make(*answers):
        history = opened(*"AB"[: len(answers)])
        for lane, answer in zip(history.lanes, answers, strict=True):
            take(lane, probes=(answer,))
        panel = MapsPanel(history)
        qtbot.addWidget(panel)
        panel.resize(480, 360)
        with qtbot.waitExposed(panel):
            panel.show()
        return panel

    return make


def drawn(panel) -> QImage:
    image = QImage(panel.tiles.size(), QImage.Format.Format_RGB32)
    panel.tiles.render(image)
    return image


def tiles(panel):
    return panel.tiles.placed(QRectF(panel.tiles.rect()))[0]


def near(colour: QColor, wanted: str) -> bool:
    other = QColor(wanted)
    return all(abs(a - b) < 12 for a, b in zip(colour.getRgb()[:3], other.getRgb()[:3], strict=True))


def test_tiles_stand_apart_inside_and_are_of_one_size(show) -> None:
    panel = show(maps_answer(), maps_answer())
    placed, whole = tiles(panel), QRectF(panel.tiles.rect())
    assert [tile.node for tile in placed] == ["", "", "", "h1", "h1"] * 2
    assert all(whole.adjusted(0, 0, 0.01, 0.01).contains(tile.area) for tile in placed)  # but for rounding
    for k, tile in enumerate(placed):
        assert not any(tile.area.intersects(other.area) for other in placed[k + 1 :])
    maps = [tile for tile in placed if tile.node]
    assert len({(tile.area.width(), tile.area.height()) for tile in maps}) == 1
    assert max(tile.area.right() for tile in placed[:5]) < min(tile.area.left() for tile in placed[5:])


def test_orange_is_above_zero_and_blue_below(show) -> None:
    panel = show(maps_answer())
    image, (first, second) = drawn(panel), [tile for tile in tiles(panel) if tile.node]
    for tile, ends in ((first, (theme().orange, theme().blue)), (second, (theme().blue, theme().orange))):
        for share, wanted in zip((0.05, 0.95), ends, strict=True):
            place = tile.area.topLeft() + QPointF(share * tile.area.width(), tile.area.height() / 2)
            assert near(image.pixelColor(place.toPoint()), wanted)


def test_what_is_no_number_is_red(show) -> None:
    answer = maps_answer(np.nan)
    panel = show(answer)
    image, tile = drawn(panel), next(tile for tile in tiles(panel) if tile.node)
    assert near(image.pixelColor(tile.area.center().toPoint()), theme().red)


def test_words_and_marks_are_of_the_tile_below(show) -> None:
    panel = show(maps_answer())
    second = [tile for tile in tiles(panel) if tile.node][1]
    assert panel.tiles.tip(second.area.center()) == "h1, map 2 of 2: −0.500 to 0.500"
    mark = panel.tiles.mark_at(second.area.center())
    assert (mark.layer, mark.unit) == ("h1", 16)  # the first of the second map of 4 × 4
    panel.show_view("filters")
    second = [tile for tile in tiles(panel) if tile.node][1]
    assert panel.tiles.tip(second.area.center()).startswith("h1, filter 2 of 2, of map 1: ")
    assert panel.tiles.mark_at(second.area.center()).unit is None
    assert "class 0" in panel.tiles.tip(tiles(panel)[2].area.center())


def signal_answer(**changes):
    """A signal that is 1, then −1; one map of it; a filter of three numbers."""
    x = np.concatenate([np.ones(20), -np.ones(20)]).astype(np.float32)[None, None]
    kernel = np.array([-1, 0, 1], np.float32).reshape(1, 1, 1, 3)
    made = {"x": x, "saliency": None, "adversary": None, "layers": (LayerMaps("k", 1, x * 2, True),)}
    return maps_answer(**(made | {"filters": (LayerFilters("k", 1, 1, kernel),)} | changes))


def test_a_signal_is_bars_around_zero(show) -> None:
    panel = show(signal_answer())
    assert [len(tile.values) for tile in tiles(panel)] == [1, 1]
    for view in ("maps", "filters"):
        panel.show_view(view)
        image = drawn(panel)
        for tile in tiles(panel):
            left, right = (theme().orange, theme().blue) if tile.node == "" or view == "maps" else ("", theme().orange)
            for share, above in ((0.1, left == theme().orange), (0.9, right == theme().orange)):
                inside, beside = (
                    tile.area.topLeft() + QPointF(share * tile.area.width(), part * tile.area.height())
                    for part in ((0.25, 0.75) if above else (0.75, 0.25))
                )
                assert near(image.pixelColor(inside.toPoint()), theme().orange if above else theme().blue)
                assert near(image.pixelColor(beside.toPoint()), theme().raised)
    assert panel.tiles.tip(tiles(panel)[1].area.center()).startswith("k, filter 1 of 1, of map 1: ")


def test_a_signal_has_no_unit_that_a_map_starts_with(show) -> None:
    panel = show(signal_answer())
    (tile,) = [tile for tile in tiles(panel) if tile.node]
    assert panel.tiles.mark_at(tile.area.center()) == Mark("k", None)


def test_of_more_steps_than_pixels_the_farthest_is_drawn_and_what_is_no_number_is_red(show) -> None:
    x = np.zeros((1, 1, 5000), np.float32)
    x[0, 0, 2500], x[0, 0, 4000] = 1.0, np.nan
    panel = show(signal_answer(layers=(LayerMaps("k", 1, x, True),)))
    image, (tile,) = drawn(panel), [tile for tile in tiles(panel) if tile.node]
    rows = {share: tile.area.top() + share * tile.area.height() for share in (0.25, 0.75)}
    found = {
        share: {
            image.pixelColor(column, int(row)).name() for column in range(int(tile.area.left()), int(tile.area.right()))
        }
        for share, row in rows.items()
    }
    assert found[0.25] == {QColor(name).name() for name in (theme().raised, theme().orange, theme().red)}
    assert found[0.75] == {QColor(name).name() for name in (theme().raised, theme().red)}


def test_many_maps_shrink_to_fit(show) -> None:
    layer = maps_answer().layers[0]
    many = np.repeat(np.asarray(layer.values), 30, axis=0)
    panel = show(maps_answer(layers=(type(layer)("h1", 60, many),)))
    assert len([tile for tile in tiles(panel) if tile.node]) == 60
    panel.resize(150, 120)
    few = [tile for tile in tiles(panel) if tile.node]
    assert 0 < len(few) < 60
    assert all(QRectF(panel.tiles.rect()).adjusted(0, 0, 1, 1).contains(tile.area) for tile in few)


def test_keys_choose_view_and_picture(show, qtbot) -> None:
    panel = show(maps_answer())
    assert panel.probes == (Maps(),)
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.keyClick(panel, Qt.Key.Key_N)
    assert panel.probes == (Maps(None, Part.TRAINING, 1),)
    for _ in range(3):
        QTest.keyClick(panel, Qt.Key.Key_P)
    assert panel.probes == (Maps(),)
    QTest.keyClick(panel, Qt.Key.Key_2)
    assert panel.tiles.view == "filters"
    assert panel.buttons["filters"].isChecked()


def test_the_table_has_every_number(show) -> None:
    panel = show(maps_answer())
    names, rows = panel.table()
    assert names == ("network", "layer", "map", "of_map", "row", "column", "value")
    assert len(rows) == 2 * 16
    assert rows[0] == ("A", "h1", 1, None, 1, 1, 0.5)
    assert rows[-1][2:6] == (2, None, 4, 4)
    panel.show_view("filters")
    names, rows = panel.table()
    assert names[2] == "filter"
    assert rows[16][:4] == ("A", "h1", 2, 1)


def test_others_and_refusals_are_said(show, qtbot) -> None:
    panel = show(maps_answer(reason="Too many.", x=None, layers=(), filters=()))
    assert tiles(panel) == []
    assert "Too many." in panel.summary()
    history = opened("A")
    for inputs, words in (((2,), "this one takes 2."), ((1, 8, 8), "Press play")):
        info = history.lanes[0].info
        history.lanes[0].info = LaneInfo(**{**{f: getattr(info, f) for f in info.__struct_fields__}, "inputs": inputs})
        panel = MapsPanel(history)
        qtbot.addWidget(panel)
        assert words in panel.tiles.note
