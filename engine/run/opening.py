"""Opening a run: a lane for each network of a project, with the weights that it goes on from."""

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.backend import Array, Backend, open_backend
from engine.data.rows import Rows
from engine.errors import ProjectError
from engine.first import first_file
from engine.kernels.choice import kernels_for
from engine.layers.base import Layer, Weighted
from engine.memory import must_fit, needs_side_by_side, telling_sizes
from engine.project import Project
from engine.rooms import Rooms
from engine.run.keyframes import is_large, state_bytes
from engine.run.lane import Lane
from engine.run.messages import PLANNED_A_TIME, LaneInfo, LoadWeights, Open, Opened, Points, WeightsLoaded
from engine.trainer import Trainer
from engine.weights import load_weights

FEW, WIDEST = 32, 4096  # examples that are told of at once, and numbers of each
MOST_PLANNED = 400  # epochs


Before = dict[str, tuple[Project, Callable[[], Mapping[str, Array]]]]  # by name: networks, and what has their weights
Say = Callable[[str], None]  # what is being done, while it takes long


def silent(words: str) -> None:
    """Says nothing."""


def drawing(part: Project, number: int, count: int) -> str:
    """What a person is told while network `number` of so many gets its first weights."""
    return f"drawing first weights: {part.variant}, network {number + 1} of {count}"


def open_lanes(
    project: Project, command: Open, old: Before, going: int = 0, say: Say = silent
) -> tuple[list[Lane], tuple[str, ...], str]:
    """The lanes, what each took over ("A: h1.weight"), and a word on what did not go as asked.

    The networks of the `old` run are let go of one by one where they are `going`: so many bytes that are free then.
    Raises a ShortageError where there is not enough memory for all lanes, before any is taken.
    """
    parts = project.lanes()
    if command.states is not None and len(command.states) != len(parts):
        raise ValueError(f"states: expected one for each of {len(parts)} networks, got {len(command.states)}")
    backend = _backend(command)
    wanted = _must_fit(parts, backend, going)
    large, lanes, kept, notes = is_large(wanted), list[Lane](), list[str](), list[str]()
    for number, part in enumerate(parts):
        if large:
            say(drawing(part, number, len(parts)))
        with telling_sizes(part, backend):
            trainer = Trainer(part, backend=backend)
        if command.states is not None:
            trainer.restore(command.states[number].in_type(command.dtype))
        elif command.keep_weights:
            taken = _keep(trainer, *old[part.variant]) if part.variant in old else []
            kept += [f"{part.variant}: {name}" for name in taken]
        elif part.weights is not None:
            notes += _take_saved(trainer, part.folder / part.weights)
        lanes.append(Lane(trainer, stopped=trainer.stopped))
        if going:
            old.pop(part.variant, None)
            gc.collect()
    return lanes, tuple(kept), "; ".join(notes)


def _backend(command: Open) -> Backend:
    backend = open_backend(command.device, command.dtype, kernels_for(command.device))
    return replace(backend, rooms=Rooms())


def _must_fit(parts: Sequence[Project], backend: Backend, held: int) -> int:
    """The bytes that all networks want together; raises a ShortageError where there are not so many."""
    needs = needs_side_by_side(parts, backend.dtype)
    must_fit(needs, backend, f"a run of {len(parts)} networks" if len(parts) > 1 else "the network", held)
    return needs.total


def opened(lanes: Sequence[Lane], command: Open, kept: tuple[str, ...], note: str) -> Opened:
    """What the window must know of a run that is open now."""
    first, state = lanes[0].trainer, state_bytes(lanes)
    return Opened(
        tuple(lane_info(lane.trainer) for lane in lanes),
        points_of(first),
        first.backend.kernels,
        command.device,
        command.dtype,
        kept,
        note,
        examples_of(first),
        state,
    )


def reopen_lanes(
    project: Project, command: Open, before: list[Lane], give_up: Callable[[], None], say: Say = silent
) -> tuple[list[Lane], tuple[str, ...], str]:
    """As `open_lanes`; where there is no room, once more after the run `before`, if any, has been given up.

    A large run is given up at once, for there is seldom room for two: then `before` is empty.
    """
    held, old = state_bytes(before), Before()
    if command.keep_weights:
        old = {lane.trainer.project.variant: (lane.trainer.project, lane.trainer.network.state) for lane in before}
    if is_large(held):
        _must_fit(project.lanes(), _backend(command), held)  # else the run before stays
    else:
        try:
            return open_lanes(project, command, old, 0, say)
        except MemoryError:
            if not before:
                raise
        # Not inside: what was made so far lives as long as the error.
        old = {name: (past, dict(weights()).copy) for name, (past, weights) in old.items()}
        held = 0
    give_up()
    before.clear()
    gc.collect()  # a trainer and its network know each other
    return open_lanes(project, command, old, held if old else 0, say)


def _keep(trainer: Trainer, past: Project, state: Callable[[], Mapping[str, Array]]) -> list[str]:
    """Takes the weights of the run before that fit; returns their names.

    Not the numbers of the preprocessing, which are of the data and may be others now; nor those of a layer that is
    to draw its first weights in another way; nor any where training is to begin with another file.
    """
    if first_file(past) != first_file(trainer.project):
        return []
    now, then, weights = trainer.project.graph.layers, past.graph.layers, state()
    drawn_anew = {node for node in now if node in then and _first_weights(now[node]) != _first_weights(then[node])}
    own = {
        name: array
        for name, array in weights.items()
        if name not in trainer.network.preprocess.shapes and name.partition(".")[0] not in drawn_anew
    }
    return trainer.network.load_fitting(own)


def _first_weights(layer: Layer) -> dict[str, object]:
    """The fields that say how a layer draws its first weights."""
    return {name: getattr(layer, name) for name in layer.__struct_fields__ if "init" in name}


def _take_saved(trainer: Trainer, path: Path) -> list[str]:
    """Takes the weights saved with the project; a word where they are not there or do not fit."""
    name, network = trainer.project.variant, trainer.network
    try:
        saved: Mapping[str, Array] = load_weights(path)
    except ProjectError as error:
        return [f"{name} starts from new weights: {error}"]
    try:
        network.load_parameters(saved)
    except ValueError as error:
        taken = network.load_fitting(saved)
        return [f"{name}: {len(taken)} of {len(saved)} saved weights fit: {error}"]
    return []


def loaded(lane: Lane, command: LoadWeights, lead: Trainer) -> WeightsLoaded:
    """Has the lane take weights from a file; ValueError where none of them fits."""
    misfits = lane.trainer.network.misfits(command.weights)
    taken = lane.take_weights(command.weights, lead)
    if not taken:
        raise ValueError(f"{command.source}: none of its weights fits {lane.trainer.project.variant}: {misfits[0]}")
    return WeightsLoaded(command.lane, command.source, tuple(taken), tuple(misfits))


def lane_info(trainer: Trainer) -> LaneInfo:
    structure = trainer.network.structure
    layers = [structure.layers[node] for node in structure.drawn]
    return LaneInfo(
        trainer.project.variant,
        structure.drawn,
        tuple(layer.kind() for layer in layers),
        tuple(isinstance(layer, Weighted) for layer in layers),
        trainer.network.input_shape,
        trainer.steps_per_epoch,
        trainer.project.training.epochs,
        planned_rates(trainer),
    )


def examples_of(trainer: Trainer) -> Array | None:
    """The first training examples, flat, as many as a small picture holds; None where there are points."""
    x = trainer.sample.x
    if x.shape[1:] == (2,):
        return None
    first = np.asarray(x[:FEW], np.float32)
    flat: Array = np.ascontiguousarray(first.reshape(len(first), -1)[:, :WIDEST])
    return flat


def planned_rates(trainer: Trainer) -> tuple[float, ...]:
    """The learning rates from epoch 0 on as the schedule knows them beforehand; none where it waits for the loss."""
    schedule = trainer.project.training.schedule
    if schedule is None or schedule.watches:
        return ()
    count = min(trainer.project.training.epochs, MOST_PLANNED) * PLANNED_A_TIME
    state = schedule.begin()
    return tuple(trainer.lr * schedule.factor(i / PLANNED_A_TIME, state) for i in range(count + 1))


def points_of(trainer: Trainer) -> Points | None:
    """Some of the examples, for nets on two inputs."""
    data = trainer.sample
    if data.x.shape[1:] != (2,):
        return None

    def few(rows: Rows) -> Array:
        array = np.asarray(rows)
        return np.ascontiguousarray(array if array.ndim == 1 or array.shape[1] > 1 else array[:, 0], np.float32)

    return Points(few(data.x), few(data.y), few(data.x_val), few(data.y_val), data.classes)
