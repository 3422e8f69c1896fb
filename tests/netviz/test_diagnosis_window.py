"""From a sick network to a sound one by the diagnosis' own buttons, in a real window."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from engine.diagnosis import Remedy
from engine.diagnosis.edits import ReplaceKind
from netviz.panels.diagnosis import DiagnosisPanel
from tests.netviz.conftest import LONG


def test_a_vanishing_gradient_is_named_cured_and_undone(open_window, qtbot):
    window = open_window("vanishing-gradient")
    before = window.document.project.to_bytes()
    window.docks["diagnosis"].show()
    window.docks["diagnosis"].raise_()
    panel = next(panel for panel in window.panels if isinstance(panel, DiagnosisPanel))
    qtbot.waitUntil(panel.isVisible, timeout=LONG)
    window.session.advance(epochs=3)
    qtbot.waitUntil(lambda: any(card.buttons for card in panel.cards), timeout=LONG)
    qtbot.waitUntil(lambda: window.session.epoch == 3 and not window.session.running, timeout=LONG)
    sick = panel.cards[0]
    assert sick.told.head.startswith("sigmoid: Vanishing gradient in h1")
    QTest.mouseClick(sick, Qt.MouseButton.LeftButton)
    assert window.canvas.selection == (0, "h1")
    button = sick.buttons[0]
    assert button.accessibleName() == "ReLU and He's first weights"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    graph = window.document.lanes()[0].graph
    assert {graph.layer(f"a{number}").kind() for number in range(1, 9)} == {"relu"}
    assert {graph.layer(f"h{number}").init for number in range(1, 9)} == {"he_normal"}
    qtbot.waitUntil(lambda: "more" in window.banner.text, timeout=LONG)
    assert len(window.banner.text) < 300
    window.link.restart()
    qtbot.waitUntil(lambda: window.session.history.lanes[0].info.kinds[1] == "relu", timeout=LONG)
    window.session.advance(epochs=3)
    qtbot.waitUntil(lambda: window.session.epoch == 3 and not window.session.running, timeout=LONG)
    qtbot.waitUntil(lambda: panel.cards[0].told.head == "sigmoid: Nothing wrong so far.", timeout=LONG)
    window.document.stack.undo()
    assert window.document.project.to_bytes() == before


def test_the_first_network_alone_is_cured_where_another_has_its_drawing(open_window, qtbot):
    """The control of dead ReLUs stays as it is, weights too, and stands where it stood."""
    window = open_window("dead-relu")
    window.session.advance(epochs=3)
    qtbot.waitUntil(lambda: window.session.epoch == 3 and not window.session.running, timeout=LONG)
    boxes = {place: item.scenePos() for place, item in window.canvas.sheet.nodes.items()}
    panel = next(panel for panel in window.panels if isinstance(panel, DiagnosisPanel))
    panel.remedy_chosen.emit(0, Remedy("Leaky ReLU, which cannot die", (ReplaceKind("a1", "leaky_relu"),)))
    assert [lane.graph.layer("a1").kind() for lane in window.document.lanes()] == ["leaky_relu", "leaky_relu", "relu"]
    assert {place: item.scenePos() for place, item in window.canvas.sheet.nodes.items()} == boxes
    qtbot.waitUntil(lambda: "another one" in window.banner.text, timeout=LONG)
    assert window.banner.text.endswith("a1: ReLU → Leaky ReLU (ReLU)")
    window.link.restart()
    qtbot.waitUntil(lambda: window.session.history.lanes[0].info.kinds[1] == "leaky_relu", timeout=LONG)
    assert [lane.info.kinds[1] for lane in window.session.history.lanes] == ["leaky_relu", "leaky_relu", "relu"]
