"""Answers of probes about what networks say: of examples, tables of them, the plane and the ledger."""

from collections.abc import Sequence

import numpy as np

from engine.probes.arithmetic.lines import Line, Section, Way
from engine.probes.boundary import BoundaryAnswer
from engine.probes.confusion import ConfusionAnswer
from engine.probes.example import DataRange, ExampleAnswer, Meaning, NodeValues, Origin, Part
from engine.probes.fit import FitAnswer
from engine.probes.follow import FollowAnswer, FollowedNode
from engine.probes.predictions import Extent, Listed
from engine.probes.worst import WorstAnswer


def listed(index: int = 0, loss: float = 2.0, **changes: object) -> Listed:
    """An example of class 1, taken for class 0."""
    made = {
        "index": index,
        "truth": 1,
        "decided": 0,
        "share": 0.9,
        "truth_share": 0.1,
        "target": None,
        "output": np.array([-2.2]),
        "loss": loss,
        "shape": (2,),
        "x": np.array([0.5, -0.25], np.float32),
    }
    return Listed(**(made | changes))


EXTENT = Extent(Part.VALIDATION, 20, 50)


def confusion_answer(*counts: Sequence[int], **changes: object) -> ConfusionAnswer:
    """Of class 0, 8 are right and 2 wrong; of class 1, 6 and 4."""
    made = {
        "extent": EXTENT,
        "counts": np.array(counts or ((8, 2), (4, 6))),
        "reason": "",
        "names": (),
        "cell": None,
        "examples": (),
    }
    return ConfusionAnswer(**(made | changes))


def worst_answer(loss: float = 2.0, **changes: object) -> WorstAnswer:
    made = {
        "extent": EXTENT,
        "names": (),
        "wrong": 6,
        "mean_loss": 0.4,
        "examples": (listed(7, loss), listed(3, loss / 2)),
    }
    return WorstAnswer(**(made | changes))


def fit_answer(slope: float = 1.0, **changes: object) -> FitAnswer:
    """A straight line over −1..1 beside y = x."""
    x = np.linspace(-1.0, 1.0, 41)
    made = {
        "x": x,
        "values": slope * x[:, None],
        "function": x,
        "classes": None,
        "outputs": 1,
        "points": (np.array([-0.5, 0.5]), np.array([[-0.5], [0.5]])),
        "points_val": (np.array([0.25]), np.array([[0.25]])),
        "off": (0.1, 0.2),
    }
    return FitAnswer(**(made | changes))


def xor_answer(size: int = 20) -> BoundaryAnswer:
    """Class 1 (value 1) left above and right below, class 0 elsewhere."""
    along = np.linspace(-1, 1, size)
    x1, x2 = np.meshgrid(along, along)
    return BoundaryAnswer((x1 * x2 < 0).astype(np.float32), None, True, (-1.0, 1.0, -1.0, 1.0))


CORNER_RANGE = DataRange(np.array([-1.0, -1.0]), np.array([1.0, 1.0]), 4, 2, 2)


def corner(label: int = 1, part: Part = Part.TRAINING, index: int = 1) -> Origin:
    return Origin(part, index, np.array([-1.0, 1.0]), label, None)


def example_answer(**changes: object) -> ExampleAnswer:
    """One example through the layers above, whose one logit says class 1."""
    nodes = (
        NodeValues("h1", (4,), np.array([2.0, -1.0, 0.5, -4.0], np.float32), 0, -4.0, 2.0),
        NodeValues("a1", (4,), np.array([1.0, -0.75, 0.5, -1.0], np.float32), 0, -1.0, 1.0),
        NodeValues("out", (1,), np.array([1.5], np.float32), 0, 1.5, 1.5),
    )
    made = {
        "number": 0,
        "nodes": nodes,
        "units": np.arange(1),
        "output": np.array([1.5]),
        "outputs": 1,
        "meaning": Meaning.LOGITS,
        "probabilities": np.array([0.817574]),
        "chosen": 1,
        "origin": corner(),
        "data": CORNER_RANGE,
    }
    return ExampleAnswer(**(made | changes))


def classes_answer(
    shares: Sequence[float], outputs: int = 0, label: int | None = None, **changes: object
) -> ExampleAnswer:
    """Probabilities of classes, drawn by a softmax."""
    count = len(shares)
    origin = None if label is None else corner(label)
    data = DataRange(np.array([-1.0, -1.0]), np.array([1.0, 1.0]), 4, 2, outputs or count)
    made = {
        "units": np.arange(count),
        "output": np.array(shares),
        "outputs": outputs or count,
        "meaning": Meaning.PROBABILITIES,
        "probabilities": np.array(shares),
        "chosen": int(np.argmax(shares)),
        "origin": origin,
        "data": data,
    }
    return example_answer(**(made | changes))


def follow_answer(scale: float = 1.0, **changes: object) -> FollowAnswer:
    """One example through the layers above; the card of the first unit of h1 and its activation."""
    x, w, b = (-1.0, 1.0), (0.5 * scale, 2.0), 0.25
    z = w[0] * x[0] + w[1] * x[1] + b
    h = float(np.tanh(z))
    terms = tuple(Line(f"x[{j + 1}]", "{0}·{1}", (w[j], x[j]), w[j] * x[j], "x", j) for j in range(2))
    forward = Section(Way.FORWARD, "h1", "h1[1] = Σ w·x + b", (*terms, Line("bias", "", (), b)), "h1[1]", z, adds=True)
    activation = Section(Way.FORWARD, "a1", "a1[1]: Tanh", (Line("a1[1]", "tanh({0})", (z, h), h, "h1", 0),))
    line = Line("out[1]", "{0}·{1}", (-0.125, 0.75), -0.09375, "out", 0)
    back = Section(Way.BACKWARD, "a1", "∂L/∂a1[1]", (line,), "∂L/∂a1[1]", -0.09375, adds=True)
    nodes = (
        FollowedNode("x", "input", 2, np.array(x), np.array([0.1, -0.2])),
        FollowedNode("h1", "dense", 4, np.array([z, -1.0, 0.5, -4.0]), np.array([0.1, -0.2, 0.0, 0.3])),
        FollowedNode("a1", "tanh", 4, np.tanh(np.array([z, -1.0, 0.5, -4.0])), np.array([-0.09375, 0.2, 0.1, 0.0])),
        FollowedNode("out", "dense", 1, np.array([1.5]), np.array([-0.125])),
    )
    made = {
        "number": 0,
        "reason": "",
        "nodes": nodes,
        "wires": (("x", "h1"), ("h1", "a1"), ("a1", "out")),
        "returns": (np.array([0.1, -0.2]), None, nodes[2].gradients),
        "cards": (("x",), ("h1", "a1"), ("out",)),
        "part": Part.TRAINING,
        "index": 1,
        "x": np.array(x),
        "label": 1,
        "target": None,
        "classes": 2,
        "outputs": 1,
        "logits": "out",
        "loss": 0.2,
        "node": "a1",
        "unit": 0,
        "chosen": ("h1", "a1"),
        "sections": (forward, activation, back),
    }
    return FollowAnswer(**(made | changes))
