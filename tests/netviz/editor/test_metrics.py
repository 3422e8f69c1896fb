"""How wide boxes are, and how far apart."""

from dataclasses import replace

import pytest
from PySide6.QtGui import QFontMetricsF

from netviz.editor.boxes import picture
from netviz.editor.metrics import metrics

TITLE, SHAPE = "Average pool 2D 64×14×14", "64×14×14"


@pytest.mark.parametrize("width", [300.0, 900.0, 2000.0])
def test_long_words_in_a_box_leave_a_wire_room_for_its_shape(document, qtbot, width):
    found = picture(document.lanes()[0], document.structure(0), document.lane_problems(0), "")
    titled = {node: replace(box, title=TITLE) for node, box in found.boxes.items()}
    made = metrics([replace(found, boxes=titled, wires=dict.fromkeys(found.wires, SHAPE))], width)
    assert made.pitch - made.width >= QFontMetricsF(made.small).horizontalAdvance(SHAPE)
    assert made.width >= QFontMetricsF(made.title).horizontalAdvance(TITLE)
