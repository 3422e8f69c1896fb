"""The canvas under the hand: what one frame of a drag, of a zoom and of an edit costs the window."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QEvent, QEventLoop, QPoint, QPointF
from PySide6.QtWidgets import QApplication

from benchmarks.frames import application, frame_row, send, timed, wheel
from benchmarks.measure import Effort
from benchmarks.report import Row
from engine.data.toy import Xor
from engine.graph import Edge, Graph, Node
from engine.layers.activations import Tanh
from engine.layers.base import Layer
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.layers.join import Add
from engine.losses import BinaryCrossEntropy
from engine.optimizers import Sgd
from engine.project import Project
from engine.training import Training
from netviz.document.document import Document
from netviz.document.drawing import Drawing
from netviz.editor.canvas import Canvas
from netviz.main_window import MainWindow
from netviz.windows import settle_memory

SIZE = (1000, 640)
ABOUT = f"""\
One canvas of {SIZE[0]} × {SIZE[1]}, dark. A frame is all that the window's thread does for one event of the mouse: the
event itself and the painting that it asks for, by the wall clock; 95th percentile. **Drag** moves a box in the middle
with all its wires and lines to rest on; **zoom** turns the wheel from everything in view to the letters and back, each
turn painting the whole view; **edit** changes the units of a layer, which resolves the shapes anew. **In the window**
the same is asked of a whole one of 1440 × 900, a node being selected: canvas, inspector, problems and title follow;
**wire** takes a wire off and puts it on again, **undo** goes back and forth over that."""


@dataclass(frozen=True, slots=True)
class Net:
    """A network to draw, by name."""

    title: str
    graph: Graph


def nets() -> Iterator[Net]:
    yield Net("50 layers", chain(50))
    yield Net("500 nodes", mesh(500))


def chain(count: int) -> Graph:
    """Dense layers with their activations, one after the other."""
    nodes: list[tuple[str, Layer]] = [("x", Input())]
    for number in range(count):
        nodes += [(f"h{number}", Dense(units=8)), (f"a{number}", Tanh())]
    nodes.append(("out", Dense(units=1)))
    names = [name for name, _ in nodes]
    wires = pairwise(names)
    return Graph(tuple(Node(*n) for n in nodes), tuple(Edge(*w) for w in wires))


def mesh(count: int) -> Graph:
    """Boxes in columns of ten, each fed by two of the column before: many wires, many crossings."""
    draw, nodes, wires = random.Random(0), [Node("x", Input())], []
    before = ["x"]
    while len(nodes) < count - 1:
        column = []
        for _ in range(10):
            name = f"n{len(nodes)}"
            join = len(before) > 1 and draw.random() < 0.5
            nodes.append(Node(name, Add() if join else Dense(units=8)))
            wires += [Edge(source, name) for source in draw.sample(before, 2 if join else 1)]
            column.append(name)
        before = column
    nodes.append(Node("out", Add()))
    followed = {wire.source for wire in wires}
    wires += [Edge(node.id, "out") for node in nodes if node.id not in followed and node.id != "out"]
    return Graph(tuple(nodes), tuple(wires))


def measure(effort: Effort) -> Iterator[Row]:
    app = application()
    frames = max(20, round(effort.pairs * 8))
    for net in nets():
        canvas = Canvas(Document(_project(net)))
        canvas.resize(*SIZE)
        canvas.show()
        app.processEvents()
        yield frame_row(f"{net.title}: drag", _drag(app, canvas, frames))
        yield frame_row(f"{net.title}: zoom", _zoom(app, canvas, frames))
        yield frame_row(f"{net.title}: edit", _edit(app, canvas.document, frames // 4))
        canvas.close()
        canvas.deleteLater()
        yield from _in_window(app, net, frames // 4)


def _project(net: Net) -> Project:
    training = Training(loss=BinaryCrossEntropy(), optimizer=Sgd(lr=0.1))
    return Project(name="net", data=Xor(), graph=net.graph, training=training)


def _in_window(app: QApplication, net: Net, frames: int) -> Iterator[Row]:
    """Edits with everything beside the canvas that follows them."""
    window = MainWindow(_project(net), None, "process")
    document = window.document
    opened = QEventLoop()
    window.session.opened.connect(opened.quit)
    window.show()
    settle_memory()  # as the program does when a project has been opened
    opened.exec()
    window.canvas.select(0, next(n.id for n in net.graph.nodes if isinstance(n.layer, Dense)))
    yield frame_row(f"{net.title}: edit in the window", _edit(app, document, frames))
    drawing, wire = Drawing(document), net.graph.edges[len(net.graph.edges) // 2]
    ends, stack = (0, wire.source, wire.target), document.stack
    turns = (lambda: drawing.disconnect(*ends), lambda: drawing.connect(*ends))
    yield frame_row(f"{net.title}: wire in the window", [timed(app, turns[i % 2]) for i in range(frames // 2 * 2)])
    turns = (stack.undo, stack.redo)
    yield frame_row(f"{net.title}: undo in the window", [timed(app, turns[i % 2]) for i in range(frames)])
    stack.setClean()
    window.close()


def _drag(app: QApplication, canvas: Canvas, frames: int) -> list[float]:
    """A box in the middle, round and round, with what is near it in view."""
    scene = canvas.sheet
    items = sorted(scene.nodes.values(), key=lambda item: (item.x(), item.y()))
    item = items[len(items) // 2]
    canvas.centerOn(item)
    app.processEvents()
    start = canvas.mapFromScene(item.pos() + QPointF(item.metrics.width / 2, 8))
    send(canvas.viewport(), QEvent.Type.MouseButtonPress, start)
    times = []
    for number in range(frames):
        at = start + QPoint(20 + 3 * (number % 60), 10 + 2 * (number % 45))
        times.append(timed(app, lambda at=at: send(canvas.viewport(), QEvent.Type.MouseMove, at)))
    canvas.end_gesture()
    return times


def _zoom(app: QApplication, canvas: Canvas, frames: int) -> list[float]:
    """Out until everything is small, and in again."""
    centre = canvas.viewport().rect().center()
    times = []
    for number in range(frames):
        notch = -1 if number % 40 < 20 else 1
        times.append(timed(app, lambda notch=notch: wheel(canvas.viewport(), centre, notch)))
    canvas.fit()
    app.processEvents()
    return times


def _edit(app: QApplication, document: Document, frames: int) -> list[float]:
    node = next(n.id for n in document.project.graph.nodes if isinstance(n.layer, Dense))
    times = []
    for number in range(frames):
        units = 8 + number % 2
        times.append(timed(app, lambda units=units: document.set_node_field(0, node, "units", units)))
    return times
