"""Gradient noise: dots, line and marks lie where the numbers say; cosines are drawn over their steps."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt

from netviz.panels.noise import NoisePanel, chart, guide, scale_in_words
from netviz.theme import lane_colour
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.layer_answers import noise_answer
from tests.netviz.panels.test_every_panel import picture
from tests.netviz.panels.test_spectrum import near


def shown(qtbot, *names, view="batch size", **changes):
    history = opened(*names)
    for i, lane in enumerate(history.lanes):
        take(lane, probes=[noise_answer(1.0 + i, **changes)])
    panel = NoisePanel(history)
    qtbot.addWidget(panel)
    panel.resize(600, 320)
    panel.restore({"view": view})
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def test_every_dot_lies_on_its_place_and_the_marks_stand_at_theirs(qtbot):
    panel = shown(qtbot, "A", "B")
    widget = panel.charts
    image = picture(widget)
    for i, (_, area) in enumerate(widget.areas(QRectF(widget.rect()), widget.charts())):
        answer = panel.history.lanes[i].noise
        for at in widget.place(area, answer.sizes, answer.relative):
            assert near(image, QPointF(*at), lane_colour(i))
        (scale,) = widget.place(area, np.array([answer.scale]), np.ones(1))
        rows = [image.pixelColor(round(scale[0]), y) for y in range(round(area.top()), round(area.bottom()))]
        inks = sum(colour.lightness() > 90 for colour in rows)  # half of the ink: the line lies between two pixels
        assert 0.3 < inks / len(rows) < 0.8  # dashed


def test_the_line_is_that_of_drawing_without_replacement():
    answer = noise_answer()
    np.testing.assert_allclose(guide(answer), answer.relative)  # as the answer was made
    lines = chart(opened("A").lanes[0], 0).lines
    assert lines == ()
    doubled = noise_answer(variance=4 * answer.variance)
    np.testing.assert_allclose(guide(doubled), 2 * answer.relative)


@pytest.mark.parametrize(
    ("scale", "words", "marked"),
    [
        (5.0, "5.0 examples", True),
        (12.4, "12 examples", True),
        (300.0, "300 examples", False),
        (np.inf, "beyond what 16 examples tell", False),
        (np.nan, "not known", False),
    ],
)
def test_the_noise_scale_is_said_and_marked_where_it_lies_within(scale, words, marked):
    (lane,) = opened("A").lanes
    answer = noise_answer(scale=1.0)
    take(lane, probes=[noise_answer()])
    lane.noise = type(answer)(**{name: getattr(answer, name) for name in answer.__struct_fields__} | {"scale": scale})
    assert scale_in_words(lane.noise) == words
    assert ("noise scale" in [mark.name for mark in chart(lane, 0).marks]) is marked


def test_cosines_are_drawn_from_minus_one_to_one(qtbot):
    panel = shown(qtbot, "A", view="cosine", steps=np.arange(1, 60), cosines=np.linspace(-1, 1, 59))
    (axes,) = panel.plot.axes
    assert axes.box.viewRange()[1] == [-1.05, 1.05]
    image, view = picture(panel), axes.view()
    corner = panel.plot.mapTo(panel, panel.plot.rect().topLeft()).toPointF()
    for step, cosine in ((10, -1 + 9 * 2 / 58), (30, 0.0), (50, -1 + 49 * 2 / 58)):
        assert near(image, corner + QPointF(float(view.x(step)), float(view.y(cosine))), lane_colour(0))
    assert panel.table()[1][0] == ("A", 1, -1.0)


def test_keys_change_the_view_and_the_table(qtbot):
    panel = shown(qtbot, "A")
    assert panel.table()[0][2] == "batch_size"
    assert panel.table()[1][0][:3] == ("A", 7, 1)
    qtbot.keyClick(panel, Qt.Key.Key_2)
    assert panel.view == "cosine"
    assert panel.table()[1] == [("A", 1, 0.5), ("A", 2, -0.5), ("A", 6, 0.9)]
    qtbot.keyClick(panel, Qt.Key.Key_1)
    assert panel.view == "batch size"


def test_a_refusal_is_shown_and_so_is_what_is_awaited(qtbot):
    none = np.zeros(0)
    panel = shown(qtbot, "A", reason="Nothing is trained here.", sizes=none, relative=none, steps=none, cosines=none)
    assert panel.charts.note == "Nothing is trained here."
    panel.history.lanes[0].noise = None
    panel.refresh()
    assert panel.charts.note == "The noise is computed."
    panel.show_view("cosine")
    assert panel.plot.note.startswith("Press play")
