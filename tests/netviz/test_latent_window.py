"""The latent plane in its window: the worker decodes where the mouse is, paused and while it trains."""

import numpy as np
from PySide6.QtCore import QPoint, QRectF, Qt

from engine.project import load_project
from engine.trainer import Trainer
from netviz.experiments import find_experiments

LONG = 60_000


def planes(panel):
    return [parts.decoder for *_, parts in panel.map.placed(QRectF(panel.map.rect()))]


def test_a_press_in_the_plane_decodes_that_place(open_window, qtbot) -> None:
    window = open_window("autoencoder")
    panel = next(panel for panel in window.panels if panel.ident == "latent")
    assert window.docks["latent"].isVisible()
    lanes = window.session.history.lanes
    qtbot.waitUntil(lambda: len(panel.map.told()) == 2 and panel.map.isVisible(), timeout=LONG)
    qtbot.waitUntil(
        lambda: len(planes(panel)) == 2 and min(plane.width() for plane in planes(panel)) > 20, timeout=LONG
    )
    middle = planes(panel)[0].center()
    qtbot.mouseClick(panel.map, Qt.MouseButton.LeftButton, pos=QPoint(round(middle.x()), round(middle.y())))
    at = panel.map.at
    assert at is not None
    qtbot.waitUntil(lambda: all(lane.decoded and lane.decoded.at == at for lane in lanes), timeout=LONG)
    for number, lane in enumerate(load_project(find_experiments()["autoencoder"].path).lanes()):
        weights, code = Trainer(lane).network.parameters(), np.array(at)
        hidden = ("h3", "h4") if lane.variant == "deep" else ()
        for node in hidden:
            code = np.tanh(weights[f"{node}.weight"] @ code + weights[f"{node}.bias"])
        expected = weights["out.weight"] @ code + weights["out.bias"]
        np.testing.assert_allclose(lanes[number].decoded.values, expected, atol=1e-5)
    window.session.play()
    qtbot.waitUntil(lambda: window.session.step > 20, timeout=LONG)
    panel.map.move_to((0.25, 0.5))
    qtbot.waitUntil(lambda: all(lane.decoded.at == (0.25, 0.5) for lane in lanes), timeout=LONG)
    assert panel.summary().count("decoded at (0.25, 0.5)") == 2
    qtbot.waitUntil(lambda: panel.says.text() == "decoded at (0.25, 0.5)", timeout=LONG)
