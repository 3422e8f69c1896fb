"""What window and worker say to each other: frozen structs in msgpack, arrays as raw bytes, never pickle.

The window sends commands; the worker sends records. A picture is sent only in answer to a `Frame`, so
a slow window costs frames and never training speed or memory.
"""

from enum import StrEnum
from typing import Any

import msgspec
import numpy as np

from engine.diagnosis import Finding, Health
from engine.probes.catalogue import ProbeAnswer, ProbeRequest
from engine.statistics import ACTIVATION_FIELDS as ACTIVATION_FIELDS
from engine.statistics import WEIGHT_FIELDS as WEIGHT_FIELDS
from engine.trainer import Snapshot


class RunState(StrEnum):
    IDLE = "idle"  # no project yet, or stopped
    PAUSED = "paused"
    RUNNING = "running"
    FINISHED = "finished"  # at the project's epochs; play goes on
    FAILED = "failed"  # a lane's loss is no number; reset or restart goes on


class PaceUnit(StrEnum):
    UNLIMITED = "unlimited"
    EPOCHS_A_SECOND = "epochs a second"
    EPOCHS_A_FRAME = "epochs a frame"
    STEPS_A_FRAME = "steps a frame"


class Pace(msgspec.Struct, frozen=True):
    """When steps happen, never their numbers."""

    unit: PaceUnit = PaceUnit.EPOCHS_A_FRAME
    amount: float = 1.0


class Command(msgspec.Struct, frozen=True, tag=True, tag_field="is"):
    pass


class Open(Command, frozen=True):
    """Builds a trainer for each lane of a project; weights come from `states`, the project's files, or the old run."""

    project: bytes
    folder: str
    device: str = "cpu"
    dtype: str = "float32"
    states: tuple[Snapshot, ...] | None = None  # goes on from there, one for each lane
    keep_weights: bool = False  # of the run before, where name and shape fit, by lane name


class Play(Command, frozen=True):
    pass


class Pause(Command, frozen=True):
    pass


class Advance(Command, frozen=True):
    """A number of steps, or whole epochs (to the end of the present one first), then paused."""

    steps: int = 0
    epochs: int = 0


class Reset(Command, frozen=True):
    """Back to step 0 with the initial weights of the same seed, or of a new one."""

    seed: int | None = None


class Stop(Command, frozen=True):
    """Gives the run's memory back; only `Open` goes on."""


class SetPace(Command, frozen=True):
    pace: Pace


class SetLearningRate(Command, frozen=True):
    lane: int
    lr: float


class SetBatchSize(Command, frozen=True):
    lane: int
    batch_size: int | str


class SetEpochs(Command, frozen=True):
    epochs: int


class Watch(Command, frozen=True):
    """Which probes are on, and whether every layer's scalars and the diagnosis are wanted."""

    probes: tuple[ProbeRequest, ...] = ()
    layers: bool = False
    health: bool = False


class Frame(Command, frozen=True):
    """The window is ready for one more answer; at a pace by frames, the worker may go on by one."""

    number: int


class TakeKeyframe(Command, frozen=True):
    """Asks for the state now: before saving, closing.

    With a `folder`, the weights of a large run, or of its network `lane`, are written to files in a new folder there.
    """

    token: int
    folder: str = ""
    lane: int | None = None


class LoadWeights(Command, frozen=True):
    """Takes, into a lane that runs, those of the weights whose name and shape fit; the run goes on from there."""

    lane: int
    weights: dict[str, Any]  # by name, in PyTorch's layouts
    source: str  # what they are called in what is said about them


class RecordTelemetry(Command, frozen=True):
    """Writes each lane's telemetry from here on, every `every` steps; an empty path ends it.

    The first lane writes to `path`, the others beside it with their number before the ending.
    """

    path: str
    every: int = 1


class Preview(Command, frozen=True):
    """Asks for the scale of the signal in every layer of an edited project; the run is not touched."""

    number: int
    project: bytes
    folder: str


class Look(Command, frozen=True):
    """Shows the networks as another worker has them, and asks probes about them; `Pictures` answers."""

    number: int
    states: tuple[Snapshot, ...]  # by `Trainer.sight`, one for each lane
    probes: tuple[ProbeRequest, ...]
    detail: float = 1.0


class Shutdown(Command, frozen=True):
    pass


class Record(msgspec.Struct, frozen=True, tag=True, tag_field="is", eq=False):
    pass


PLANNED_A_TIME = 8


class LaneInfo(msgspec.Struct, frozen=True):
    """What the window must know of a lane to draw it."""

    name: str
    layers: tuple[str, ...]  # drawn nodes in order
    kinds: tuple[str, ...]
    weighted: tuple[bool, ...]  # which of them have weights
    inputs: tuple[int, ...]  # the shape of one example
    steps_per_epoch: int
    epochs: int
    planned: tuple[float, ...] = ()  # learning rates by the schedule, PLANNED_A_TIME in each epoch; none: no plan


class Points(msgspec.Struct, frozen=True, eq=False):
    """Some of the examples, for pictures of nets on two inputs: x (n, 2) float32, y (n,) float32."""

    x: Any
    y: Any
    x_val: Any
    y_val: Any
    classes: int | None


class Opened(Record, frozen=True):
    lanes: tuple[LaneInfo, ...]
    points: Points | None  # None: not on two inputs
    kernels: str
    device: str
    dtype: str
    kept: tuple[str, ...]  # lane: parameters that were taken over
    note: str = ""  # what did not go as asked, in words
    examples: Any | None = None  # (n, features) float32: the first ones, raw and flat, where `points` are none
    state: int = 0  # bytes that the state of all lanes takes


class Progress(Record, frozen=True):
    """Sent at every change of state, and with every answer."""

    state: RunState
    step: int
    epoch: int
    reason: str = ""


class EpochScore(msgspec.Struct, frozen=True, array_like=True):
    """The scores at the end of an epoch, in inference mode. NaN stands for what there is not."""

    epoch: int
    step: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float


class LayerScalars(msgspec.Struct, frozen=True, eq=False):
    """The scalars of every drawn layer at some steps: values (n, layers, 6) float64, in the order of those two tuples.

    Layers without weights use ACTIVATION_FIELDS; what there is not is NaN.
    """

    steps: Any
    values: Any


class LossBuckets(msgspec.Struct, frozen=True, eq=False):
    """Losses of the steps since the last answer, by buckets of one step or more: arrays of one length."""

    steps: Any  # the first step of each
    low: Any
    high: Any
    mean: Any
    last: Any


class LaneHealth(msgspec.Struct, frozen=True):
    """What the diagnosis says of a network now; `nodes` has a word for each drawn layer."""

    findings: tuple[Finding, ...]  # the cause first
    watched: tuple[Finding, ...]  # over a threshold, but not yet for long enough
    nodes: tuple[Health, ...]
    looks: int
    since: int  # the step of the first look


class LaneAnswer(msgspec.Struct, frozen=True, eq=False):
    losses: LossBuckets
    scores: tuple[EpochScore, ...]
    layers: LayerScalars | None
    probes: tuple[ProbeAnswer, ...]
    lr: float  # of the next update
    batch_size: int
    health: LaneHealth | None = None  # when it is asked for; at unlimited pace a few times a second
    rates: tuple[tuple[int, float], ...] = ()  # since the last answer: (step, learning rate of its update)
    kept: EpochScore | None = None  # the epoch whose weights early stopping has put back, while they are there


class Answer(Record, frozen=True):
    """To one `Frame`: what has happened since the last, lane by lane."""

    number: int
    state: RunState
    step: int
    epoch: int
    rate: float  # steps a second, lately
    lanes: tuple[LaneAnswer, ...]
    studying: bool = False  # a study has more to find about the weights of now


class Pictures(Record, frozen=True):
    """What probes saw of every lane, at a step that may be behind that of the last answer."""

    number: int
    seconds: float  # that it cost
    step: int
    lanes: tuple[tuple[ProbeAnswer, ...], ...]


class Keyframe(Record, frozen=True):
    """The state of every lane: what a new worker goes on from. `token` is 0 when nobody asked.

    Of a large run there are none unasked; where it was asked to write `files`, these or the `problem` stand here alone.
    """

    states: tuple[Snapshot, ...]
    parameters: tuple[dict[str, Any], ...] | None  # by name, in PyTorch's layouts, when asked for
    token: int = 0
    files: tuple[str, ...] = ()  # of weights, one for each lane that was asked for, in a folder of their own
    step: int = 0  # of the weights in the files
    problem: str = ""


class Diverged(Record, frozen=True):
    lane: int
    step: int
    node: str
    message: str


class Rewound(Record, frozen=True):
    """The run is back at step 0: what was told before is no longer its past."""

    seed: int


class NodeScale(msgspec.Struct, frozen=True):
    """Root mean squares at the initial weights: of a node's output, and of the loss's gradient there."""

    node: str
    signal: float
    gradient: float


class LanePreview(msgspec.Struct, frozen=True):
    nodes: tuple[NodeScale, ...]
    note: str  # why there are none


class Previewed(Record, frozen=True):
    """To one `Preview`."""

    number: int
    lanes: tuple[LanePreview, ...]


class WeightsLoaded(Record, frozen=True):
    """To one `LoadWeights` of which something fitted."""

    lane: int
    source: str
    taken: tuple[str, ...]
    misfits: tuple[str, ...]  # in words: what is missing, unknown or of another shape


class Refused(Record, frozen=True):
    """A command that could not be carried out; nothing was changed."""

    message: str
    device: bool = False  # because the device is not there
    recording: bool = False  # telemetry is not written, or no longer


Steering = Open | Play | Pause | Advance | Reset | Stop | SetPace | SetLearningRate | SetBatchSize | SetEpochs
AnyCommand = Steering | Watch | Frame | TakeKeyframe | LoadWeights | RecordTelemetry | Preview | Look | Shutdown
AnyRecord = Opened | Progress | Answer | Pictures | Keyframe | Diverged | Rewound | Previewed | WeightsLoaded | Refused

ARRAY = 1  # msgpack's extension type for arrays


def _encode_array(value: Any) -> msgspec.msgpack.Ext:
    if not isinstance(value, np.ndarray):
        raise TypeError(f"cannot send a {type(value).__name__}")
    if value.dtype.hasobject or value.dtype.names:
        raise TypeError(f"cannot send an array of {value.dtype}")
    array = np.asarray(value, order="C")
    return msgspec.msgpack.Ext(ARRAY, _raw.encode((array.dtype.str, array.shape, array.tobytes())))


def _decode_array(code: int, data: memoryview) -> Any:
    if code != ARRAY:
        raise ValueError(f"unknown extension {code}")
    kind, shape, content = _parts.decode(data)
    return np.frombuffer(content, np.dtype(kind)).reshape(shape)


_raw = msgspec.msgpack.Encoder()
_parts = msgspec.msgpack.Decoder(tuple[str, tuple[int, ...], bytes])
_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_array)
_commands = msgspec.msgpack.Decoder(AnyCommand, ext_hook=_decode_array)
_records = msgspec.msgpack.Decoder(AnyRecord, ext_hook=_decode_array)


def encode(message: AnyCommand | AnyRecord) -> bytes:
    return _encoder.encode(message)


def decode_command(data: bytes) -> AnyCommand:
    command: AnyCommand = _commands.decode(data)
    return command


def decode_record(data: bytes) -> AnyRecord:
    record: AnyRecord = _records.decode(data)
    return record
