"""Hidden layers and single units in a real window, with a worker that answers."""

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt

from engine.probes.boundary import Boundary
from engine.probes.section import Through
from tests.netviz.test_cursor_window import LONG, trained


def panel_of(window, ident: str):
    return next(panel for panel in window.panels if panel.ident == ident)


def test_a_click_on_a_units_map_shows_that_unit(open_window, qtbot):
    window = open_window("xor")
    window.docks["neuron"].show()
    window.docks["neuron"].raise_()
    trained(window, qtbot)
    panel, lane = panel_of(window, "neuron"), window.session.history.lanes[0]
    qtbot.waitUntil(lambda: panel.view.answer_of(lane) is not None, timeout=LONG)
    item, view = window.canvas.node_item(0, "h1"), window.canvas.viewport()
    box = window.canvas.mapFromScene(item.mapRectToScene(item.rect())).boundingRect()
    places = [QPoint(x, y) for x in range(box.left(), box.right(), 4) for y in range(box.top(), box.bottom(), 4)]

    def there() -> list[QPoint]:
        return [at for at in places if window.lit.mark_at(QPointF(at)).unit == 2]

    qtbot.waitUntil(lambda: bool(there()), timeout=LONG)  # the box's picture comes in a turn of its own
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=there()[0])
    qtbot.waitUntil(lambda: panel.view.unit == 2, timeout=LONG)
    qtbot.waitUntil(lambda: lane.neuron.unit == 2, timeout=LONG)
    answer = lane.neuron
    assert answer.step == window.session.step
    assert np.isfinite(answer.map).all()


def test_every_layer_is_answered_for_while_it_trains(open_window, qtbot):
    window = open_window("xor")
    window.docks["representation"].show()
    window.docks["representation"].raise_()
    panel, lane = panel_of(window, "representation"), window.session.history.lanes[0]
    panel.every.setChecked(True)
    trained(window, qtbot)
    wanted = ["", *lane.info.layers]
    qtbot.waitUntil(lambda: [v.node for v in lane.representation.layers] == wanted, timeout=LONG)
    qtbot.waitUntil(lambda: panel.map.note == "", timeout=LONG)  # it is drawn in a turn of its own
    assert all(view.lines is not None for view in lane.representation.layers)


def test_more_than_two_inputs_have_a_plane(open_window, qtbot):
    window = open_window("preprocessing")  # wine has 13 numbers
    panel, history = panel_of(window, "boundary"), window.session.history
    window.docks["boundary"].show()
    window.docks["boundary"].raise_()
    trained(window, qtbot, 5)
    assert panel.probes == (Boundary(through=Through()),)
    qtbot.waitUntil(lambda: history.lanes[0].boundary is not None, timeout=LONG)
    section = history.lanes[0].boundary.section
    assert 0 < section.share < 1
    panel.restore({"features": [0, 1], "example": 2})
    qtbot.waitUntil(lambda: history.lanes[0].boundary.section.features == (0, 1), timeout=LONG)
    assert history.lanes[0].boundary.section.at == 1
