"""The way of a card on the stand-in: own kernels by their twins, calls as recorded graphs, nothing copied in a step."""

import numpy as np
import pytest

from engine.backend import Backend
from engine.cuda.capture import Lowered, Recorded
from engine.divergence import DivergenceError
from engine.network import Network
from engine.trainer import Trainer
from tests.card import card, looks_inside
from tests.engine.cases import ACTIVATIONS, CLOSE, DTYPES, LAYER_CASES, behind_identity
from tests.engine.export.nets import ends_in
from tests.engine.loss_cases import LOSS_CASES, examples
from tests.engine.loss_cases import loss_project as with_loss
from tests.engine.test_trainer import OPTIMIZERS, made
from tests.strict_array import copies, strict
from tests.strict_cuda import CaptureError

pytestmark = pytest.mark.card
each_dtype = pytest.mark.parametrize("dtype", DTYPES)
DROPPED = [
    {"id": "h1", "kind": "dense", "units": 6},
    {"id": "a1", "kind": "relu"},
    {"id": "d1", "kind": "dropout", "rate": 0.3},
    {"id": "out", "kind": "dense", "units": 3},
]


def pair(project, dtype):
    return Trainer(project, backend=card(dtype)), Trainer(project, dtype=dtype)


def alike(there, here, dtype):
    for name, array in here.network.state().items():
        np.testing.assert_allclose(there.network.state()[name], array, **CLOSE[dtype], err_msg=name)


def recorded(trainer):
    """The pieces of the step that were to become graphs."""
    _, forward, after = trainer._plans[trainer.batch_size]
    together = [call for calls in trainer._unread._whole.values() for call in calls]
    parts = [part for whole in (*forward, *after, *together) for part in whole.parts if isinstance(part, Recorded)]
    return [part for part in parts if part.graph is not None or part.why]


# The same numbers


@each_dtype
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    "settings",
    [
        {"regularization": {"l1": 1e-3, "l2": 1e-2, "max_norm": 0.7}, "clip_norm": 0.3, "clip_value": 0.1},
        {"batch_size": "all", "layers": DROPPED},
    ],
    ids=["regularized", "all, dropped out"],
)
def test_training_gives_the_same_numbers(optimizer, settings, dtype):
    there, here = pair(made(optimizer, **settings), dtype)
    for _ in range(4):
        assert there.update() == pytest.approx(here.update(), rel=CLOSE[dtype]["rtol"] * 10)
    there.run(5)
    here.run(5)
    alike(there, here, dtype)
    there.step(layers=True)
    here.step(layers=True)
    alike(there, here, dtype)


@each_dtype
@pytest.mark.parametrize("case", LAYER_CASES, ids=lambda case: case.name)
def test_every_layer_becomes_graphs(case, dtype):
    there, here = pair(behind_identity(case), dtype)
    there.run(3)
    here.run(3)
    alike(there, here, dtype)
    parts = recorded(there)
    assert parts
    assert all(part.graph is not None for part in parts), [part.why for part in parts]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
def test_every_loss_gives_the_same_gradients(case, activation):
    project, (x, y) = with_loss(case, activation), examples(case)
    networks = [Network(project, backend) for backend in (card("float64"), Backend(np, "cpu", "float64"))]
    for network in networks:
        network.parameters_.initialize(3)
    for _ in range(3):  # as they are, recorded, launched
        (loss, gradients), (same, theirs) = (network.loss_and_gradients(x, y) for network in networks)
        assert loss == pytest.approx(same, rel=1e-12)
        for name, array in theirs.items():
            np.testing.assert_allclose(gradients[name], array, **CLOSE["float64"])


@pytest.mark.parametrize("kind", ["add", "multiply", "concat"])
def test_every_join_gives_the_same_numbers(kind):
    there, here = pair(ends_in(kind), "float64")
    there.run(4)
    here.run(4)
    alike(there, here, "float64")


@pytest.mark.parametrize(("bound", "most"), [("MOST_OWN", 0), ("MOST_OWN", 40), ("LONGEST", 5), ("MOST_OWN", 1 << 22)])
def test_products_too_large_for_a_graph_stand_between_graphs(bound, most, monkeypatch):
    monkeypatch.setattr(f"engine.cuda.own.{bound}", most)
    there, here = pair(made(), "float64")
    there.run(5)
    here.run(5)
    alike(there, here, "float64")
    _, (way,), _ = there._plans[there.batch_size]
    assert isinstance(way, Lowered)
    alone = [part for part in way.parts if not isinstance(part, Recorded)]
    assert bool(alone) == (most < 1 << 22)


@looks_inside
def test_a_device_that_records_nothing_computes_the_same(monkeypatch):
    monkeypatch.setattr(strict.cuda, "refuses_to_record", True)
    there, here = pair(made(layers=DROPPED), "float64")
    there.run(6)
    monkeypatch.setattr(strict.cuda, "refuses_to_record", False)
    here.run(6)
    alike(there, here, "float64")
    assert {part.why for part in recorded(there)} == {"CaptureError: this device records nothing"}
    assert all(part.graph is None for part in recorded(there))


def test_snapshots_go_on_with_the_same_bits():
    there, _ = pair(made(layers=DROPPED), "float64")
    there.run(7)
    state = there.snapshot()
    there.run(4)
    after = there.snapshot()
    there.restore(state)
    there.run(4)
    assert there.snapshot().values.tobytes() == after.values.tobytes()
    there.reset(9)
    there.run(3)
    again = Trainer(made(layers=DROPPED), backend=card("float64"), seed=9)
    again.run(3)
    assert there.snapshot().values.tobytes() == again.snapshot().values.tobytes()


# Nothing crosses


@looks_inside
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("layers", [None, DROPPED], ids=["plain", "dropped out"])
def test_a_step_copies_nothing_but_the_losses_of_many_at_once(layers, optimizer):
    settings = {"layers": layers} if layers else {}
    trainer = Trainer(made(optimizer, batch_size=4, **settings), backend=card())
    if trainer.optimizer.searches:  # these compare losses on the host
        return
    trainer.run(trainer.steps_per_epoch * 2)  # graphs are there, and an epoch begins
    trainer.updates(1)  # what the epoch needs is laid out
    before = copies.now()
    left = trainer.steps_per_epoch - 2
    assert left > 4
    assert len(trainer.updates(left)) == left
    to_device, to_host, made_ = copies.since(before)
    assert (to_device, to_host) == (0, 1)
    assert made_ == 0


@looks_inside
def test_a_step_is_one_graph_and_little_else():
    trainer = Trainer(made("adam", batch_size=4), backend=card())
    trainer.run(3)
    trainer.updates(1)
    trainer.updates(3)
    launches, single = strict.cuda.launches, strict.cuda.single
    trainer.updates(4)
    assert strict.cuda.launches - launches == 4
    # Rows, targets, the loss's place and the scalars; the state kept for a loss that is no number.
    assert strict.cuda.single - single <= 4 * 5 + 8


def test_losses_read_together_are_those_read_one_by_one():
    there, other = (Trainer(made(batch_size=4, layers=DROPPED), backend=card("float64")) for _ in range(2))
    together, single = [], []
    while len(together) < 50:
        together += there.updates(50 - len(together)).tolist()
    for _ in range(50):
        single.append(other.update())
    assert together == single
    assert there.snapshot().values.tobytes() == other.snapshot().values.tobytes()
    assert (there.epoch, there.position, there.step_number) == (other.epoch, other.position, other.step_number)


def test_a_loss_that_is_no_number_is_found_at_its_step():
    """Its update is undone, with those that were done blindly after it."""
    project = made("sgd", batch_size=4, regularization={"l2": 100.0})  # weights nine times as large at every step
    trainers = [Trainer(project, backend=card()), Trainer(project)]
    states = []
    for trainer in trainers:
        with np.errstate(all="ignore"), pytest.raises(DivergenceError) as caught:
            until_it_diverges(trainer)
        states.append((caught.value.step, trainer.step_number, trainer.epoch, trainer.position))
    assert states[0] == states[1]
    assert states[0][0] == states[0][1] > 3
    np.testing.assert_allclose(*(trainer.snapshot().values for trainer in trainers), rtol=1e-3)


def until_it_diverges(trainer):
    for _ in range(200):
        trainer.updates(100)


# The stand-in of recording


def array(*numbers):
    return strict.asarray(np.array(numbers))


@looks_inside
@pytest.mark.parametrize(
    "call",
    [
        lambda a, m: a + a,
        lambda a, m: strict.exp(a),
        lambda a, m: a.item(),
        lambda a, m: strict.asnumpy(a),
        lambda a, m: strict.zeros((2,)),
        lambda a, m: strict.asarray(np.ones(3)),
        lambda a, m: m.dot(m, m.copy()),
        lambda a, m: strict.matmul(m, m, out=m),
        lambda a, m: a[a > 0],
        lambda a, m: strict.get_current_stream(),
        lambda a, m: strict.cuda.get_current_stream().synchronize(),
    ],
)
def test_what_cannot_be_recorded_breaks_the_recording(call):
    a, m = array(1.0, 2.0, 3.0), strict.asarray(np.ones((2, 2)))
    stream = strict.cuda.Stream(non_blocking=True)
    with strict.cuda.using_allocator(strict.cuda.MemoryPool().malloc), stream:
        stream.begin_capture()
        try:
            with pytest.raises((CaptureError, AttributeError)):
                call(a, m)
        finally:
            if strict.cuda.broken:
                with pytest.raises(CaptureError):
                    stream.end_capture()
            else:
                stream.end_capture()


@looks_inside
def test_a_recording_does_nothing_until_it_is_launched():
    a = array(1.0, 2.0)
    stream = strict.cuda.Stream(non_blocking=True)
    with strict.cuda.using_allocator(object()), stream:
        stream.begin_capture()
        strict.multiply(a, a, a)
        a.fill(3)
        a[0:1] = 7
        graph = stream.end_capture()
    assert strict.asnumpy(a).tolist() == [1, 2]
    graph.launch()
    assert strict.asnumpy(a).tolist() == [7, 3]
