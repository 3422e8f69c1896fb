"""Several layers at once in the inspector, and what the canvas selects."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from netviz.editor.canvas import Canvas
from netviz.editor.inspector import Inspector
from netviz.editor.selection import Selection


def test_a_field_of_several_layers_is_one_step(inspector, document):
    inspector.inspect(2, "h1", {"h1", "h2", "h3"})
    assert inspector.node.title.text() == "3 layers: Dense"
    assert inspector.node.note.text().startswith("h1, h2, h3")
    box = inspector.node.form.rows["units"].editor.box
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "7")
    QTest.keyClick(box, Qt.Key.Key_Return)
    graph = document.lanes()[2].graph
    assert [graph.layer(n).units for n in ("h1", "h2", "h3")] == [7, 7, 7]
    assert document.stack.count() == 1


def test_what_is_not_alike_is_said(inspector, document):
    document.set_node_field(2, "h2", "units", 5)
    inspector.inspect(2, "h1", {"h1", "h2"})
    assert inspector.node.form.facts["Not alike"][1].text() == "Units"


def test_the_activations_of_several_layers_are_replaced_in_one_step(inspector, document):
    document.replace_kind(0, "a1", "relu")
    inspector.inspect(0, "h1", {"h1", "a1", "out"})
    assert inspector.node.title.text() == "2 layers: Dense"
    combo = inspector.node.form.rows["activation"].editor.combo
    combo.activated.emit(combo.findData("sigmoid"))
    assert document.lanes()[0].graph.layer("a1").kind() == "sigmoid"
    assert document.stack.count() == 2


def test_what_the_canvas_selects_is_inspected(inspector, document, app, qtbot):
    canvas = Canvas(document)
    qtbot.addWidget(canvas)
    canvas.chosen.connect(inspector.inspect)
    canvas.select_nodes(2, ["h1", "h2"])
    assert inspector.node.title.text() == "2 layers: Dense"
    canvas.select(0, "h1")
    assert inspector.node.title.text() == "Dense 4 · tanh"
    canvas.choose(Selection())
    assert inspector.node.title.text() == "Nothing selected"


def test_what_an_unfinished_network_tells_is_shown(branched, app, qtbot):
    made = Inspector(branched)
    qtbot.addWidget(made)
    made.inspect(0, "h1")
    assert made.node.form.facts["Parameters"][1].text() == "24"
    assert made.node.form.facts["Shape"][1].text() == "2 → 8"
    made.inspect(0, "h9")
    assert not made.node.form.facts
