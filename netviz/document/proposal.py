"""A first network for data that are new, and what is best done to their numbers before it. No more than a beginning."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import log2, prod

from engine.catalogue import LAYERS
from engine.data.preprocess import Kind
from engine.data.source import Summary
from engine.graph import Edge, Graph, Node
from engine.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from engine.optimizers import Adam
from engine.spec import build
from engine.training import Training

LEAST_WIDTH, MOST_WIDTH = 8, 128
WEIGHTS_A_ROW = 4  # more of them learn the rows by heart
TWO_LAYERS = 500  # rows from which a second hidden layer pays
MANY_ROWS = 10_000  # from which a smaller step is enough
LSTM_UNITS = 64
UPDATES = 3000  # that a first run makes, about
FAR = 10.0  # from 0, where sigmoids are flat and one feature outweighs the others
UNLIKE = 5.0  # times as wide as another feature


@dataclass(frozen=True, slots=True)
class Proposal:
    """A network with its training; `words` are a line such as `13 → 16 ReLU → 3, cross-entropy, Adam`."""

    graph: Graph
    training: Training
    words: str


def first_network(summary: Summary, rows: int) -> Proposal:
    """Dense layers with ReLU, as wide as the data have features and no wider than the rows can teach."""
    features, outputs = prod(summary.shape), _outputs(summary)
    widths = _widths(features, outputs, rows)
    nodes: list[tuple[str, dict[str, object]]] = [("x", {"kind": "input"})]
    if len(summary.shape) != 1:
        nodes.append(("flat", {"kind": "flatten"}))
    for number, units in enumerate(widths, 1):
        nodes.append((f"h{number}", {"kind": "dense", "units": units, "init": "he_normal"}))
        nodes.append((f"a{number}", {"kind": "relu"}))
    nodes.append(("out", {"kind": "dense", "units": outputs}))
    made = tuple(Node(name, build(LAYERS, fields, name)) for name, fields in nodes)
    graph = Graph(made, tuple(Edge(source, target) for source, target in pairwise(name for name, _ in nodes)))
    loss = _loss(summary)
    batch = _batch(rows)
    steps = max(1, -(-rows // batch))
    training = Training(
        loss=loss,
        optimizer=Adam(lr=0.01 if rows < MANY_ROWS else 0.003),
        batch_size=batch,
        epochs=max(10, min(300, round(UPDATES / steps / 10) * 10)),
    )
    begin = str(features) if len(summary.shape) == 1 else f"{'×'.join(map(str, summary.shape))} flat"
    chain = " → ".join([begin, *(f"{units} ReLU" for units in widths), str(outputs)])
    title = loss.title[0].lower() + loss.title[1:]
    return Proposal(graph, training, f"{chain}, {title}, {training.optimizer.title}")


def next_character(summary: Summary, rows: int) -> Proposal:
    """A recurrent network that reads a window of characters, or of their codes, and tells the next one."""
    assert summary.classes is not None
    units = LSTM_UNITS if rows >= TWO_LAYERS else LSTM_UNITS // 4
    nodes: list[tuple[str, dict[str, object]]] = [("x", {"kind": "input"})]
    chain = [f"{summary.shape[0]} characters"]
    if len(summary.shape) == 1:
        dim = min(32, max(2, summary.classes // 2))
        nodes.append(("codes", {"kind": "embedding", "vocabulary": summary.classes, "dim": dim}))
        chain.append(f"embedding {dim}")
    nodes += [("memory", {"kind": "lstm", "units": units}), ("out", {"kind": "dense", "units": summary.classes})]
    made = tuple(Node(name, build(LAYERS, fields, name)) for name, fields in nodes)
    graph = Graph(made, tuple(Edge(source, target) for source, target in pairwise(name for name, _ in nodes)))
    training = Training(
        loss=CrossEntropy(), optimizer=Adam(lr=0.003), batch_size=_batch(rows), epochs=30, clip_norm=1.0
    )
    words = " → ".join([*chain, f"LSTM {units}", str(summary.classes)])
    return Proposal(graph, training, f"{words}, cross-entropy, Adam, gradients clipped to length 1")


def _outputs(summary: Summary) -> int:
    if summary.classes is None:
        return summary.targets
    return 1 if summary.classes <= 2 else summary.classes


def _loss(summary: Summary) -> Loss:
    if summary.classes is None:
        return MeanSquaredError()
    return BinaryCrossEntropy() if summary.classes <= 2 else CrossEntropy()


def _widths(features: int, outputs: int, rows: int) -> tuple[int, ...]:
    """A power of two from the number of features on; halved while the rows are few for so many weights."""
    wanted = max(features, outputs, LEAST_WIDTH)
    width = min(MOST_WIDTH, 1 << (wanted - 1).bit_length())
    while width > LEAST_WIDTH and width * (features + 1 + outputs) > WEIGHTS_A_ROW * rows:
        width //= 2
    return (width, max(LEAST_WIDTH, width // 2)) if rows >= TWO_LAYERS else (width,)


def _batch(rows: int) -> int:
    """A power of two: about a dozen batches an epoch."""
    return int(max(8, min(128, 2 ** round(log2(max(rows, 12) / 12)))))


@dataclass(frozen=True, slots=True)
class Advice:
    """A preprocessing, and why."""

    kind: Kind
    why: str


def advice(ranges: Iterable[tuple[float, float]]) -> Advice:
    """What is best done to features with these least and greatest values."""
    known = [(low, high) for low, high in ranges if low <= high]
    farthest = max((max(abs(low), abs(high)) for low, high in known), default=0.0)
    if farthest > FAR:
        return Advice("standardize", f"numbers reach {farthest:.4g}")
    spans = [high - low for low, high in known if high > low]
    times = max(spans) / min(spans) if spans else 1.0
    if times > UNLIKE:
        return Advice("standardize", f"some features are {times:.3g} times as wide as others")
    return Advice("none", "all numbers are small and about alike")
