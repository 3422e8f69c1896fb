"""A document with three lanes, and the two widgets over it."""

import itertools

import pytest
from PySide6.QtWidgets import QApplication

from engine.data.toy import Xor
from engine.graph import Edge, Graph, Node
from engine.layers.activations import Relu, Tanh
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.layers.join import Add
from engine.losses import BinaryCrossEntropy
from engine.optimizers import Adam
from engine.project import Project, Variant
from engine.training import Training
from netviz import theme
from netviz.document.document import Document
from netviz.editor.canvas import Canvas
from netviz.editor.import_dialog import ImportDialog
from netviz.editor.inspector import Inspector
from netviz.editor.live import Live
from netviz.editor.shelf import Shelf
from tests.netviz.editor.import_hand import TABLE, settled
from tests.netviz.editor.standing_run import Run


def chain(*layers):
    """x, then the layers, one after the other."""
    nodes = (Node("x", Input()), *(Node(name, layer) for name, layer in layers))
    return Graph(nodes, tuple(Edge(a.id, b.id) for a, b in itertools.pairwise(nodes)))


@pytest.fixture
def document():
    return Document(
        Project(
            name="XOR",
            data=Xor(),
            graph=chain(("h1", Dense(units=4)), ("a1", Tanh()), ("out", Dense(units=1))),
            training=Training(loss=BinaryCrossEntropy(), optimizer=Adam(lr=0.03)),
            variant="4 hidden",
            variants=(
                Variant("none", graph=chain(("out", Dense(units=1)))),
                Variant("deep", graph=chain(*((f"h{i}", Dense(units=3)) for i in range(1, 4)))),
            ),
        )
    )


@pytest.fixture
def branched():
    """One lane with a skip, two joins, and two nodes that stand alone."""
    layers = {
        "x": Input(), "h1": Dense(units=8), "a1": Tanh(), "h2": Dense(units=8), "a2": Relu(), "add1": Add(),
        "out": Dense(units=1), "lone": Relu(), "h9": Dense(units=8),
    }  # fmt: skip
    wires = ("x h1", "h1 a1", "a1 h2", "h2 a2", "a2 add1", "a1 add1", "add1 out")
    return Document(
        Project(
            name="Branched",
            data=Xor(),
            graph=Graph(tuple(Node(*n) for n in layers.items()), tuple(Edge(*wire.split()) for wire in wires)),
            training=Training(loss=BinaryCrossEntropy(), optimizer=Adam(lr=0.03)),
        )
    )


@pytest.fixture
def board(branched, app, qtbot, tmp_path):
    """A canvas on `branched`."""
    made = Canvas(branched, shelf=Shelf(tmp_path / "templates"))
    qtbot.addWidget(made)
    made.resize(1000, 460)
    shown(made, qtbot)
    made.setFocus()
    return made


@pytest.fixture
def app(qapp):
    """The application as it looks, put back afterwards."""
    theme.start(qapp, "dark")
    yield qapp
    qapp.setStyleSheet("")


@pytest.fixture
def canvas(document, app, qtbot):
    made = Canvas(document)
    qtbot.addWidget(made)
    made.resize(900, 330)
    shown(made, qtbot)
    return made


@pytest.fixture
def inspector(document, app, qtbot):
    made = Inspector(document)
    qtbot.addWidget(made)
    made.resize(260, 900)
    shown(made, qtbot)
    return made


@pytest.fixture
def run(document):
    return Run(document)


@pytest.fixture
def live(document, app, qtbot, run):
    canvas = Canvas(document)
    qtbot.addWidget(canvas)
    made = Live(canvas, document, run)
    canvas.resize(1100, 520)
    shown(canvas, qtbot)
    made.reopened()
    return made


def shown(widget, qtbot):
    with qtbot.waitExposed(widget):
        widget.show()
    widget.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is widget)


@pytest.fixture
def show(inspector: Inspector, document, qtbot, tmp_path):
    """Opens the dialog on a file with such a content, and waits until it has been looked at."""

    def opened(content: str | bytes = TABLE, name: str = "t.csv") -> ImportDialog:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        inspector.importing.open(path)
        dialog = inspector.importing.dialog
        assert dialog is not None
        with qtbot.waitExposed(dialog):
            dialog.show()
        settled(dialog, qtbot)
        return dialog

    yield opened
    if inspector.importing.dialog is not None:
        inspector.importing.dialog.reject()
    inspector.importing.close()
