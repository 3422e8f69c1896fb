"""Every message comes out of its bytes as it went in, and nothing but plain data can be sent."""

import io
import pickle
from typing import Any, get_args

import msgspec
import numpy as np
import pytest

from engine.probes.adversary import AdversaryAnswer, ForAll, Outcome
from engine.probes.boundary import BoundaryAnswer
from engine.probes.example import Part
from engine.probes.latent import DecodedAnswer, LatentAnswer
from engine.probes.maps import Fooled, LayerFilters, LayerMaps, MapsAnswer
from engine.probes.neuron import NeuronAnswer
from engine.probes.through_time import Spread, SweepInTime, ThroughTimeAnswer, TimeMap
from engine.run import messages as m
from engine.run.transports import read_message, write_message
from tests.engine.run.every_message import (
    BUCKETS,
    COMMANDS,
    DRIVEN,
    EXTENT,
    GATE,
    LINKS,
    NAN,
    PLANE,
    PROBES,
    RECORDS,
    SECTION,
    SPREAD,
)

PROBES += (
    BoundaryAnswer(np.ones((2, 2), "float32"), None, True, PLANE, SECTION),
    NeuronAnswer(
        9,
        "a1",
        0,
        4,
        EXTENT,
        2,
        ("ü",),
        SPREAD,
        (DRIVEN,),
        (),
        np.ones((3, 3), "float32"),
        PLANE,
        LINKS,
        (LINKS,),
        NAN,
        0.5,
        True,
    ),
    MapsAnswer(
        *(7, "", Part.TRAINING, 2, np.ones((1, 2, 2), "float32"), 1, None, 0.5, None),
        Fooled(0.3, 0.1, 0, np.ones((1, 2, 2), "float32")),
        (LayerMaps("c", 9, np.ones((2, 2, 2), "float32")),),
        (LayerFilters("c", 9, 1, np.ones((2, 1, 2, 2), "float32")),),
    ),
    MapsAnswer(7, "ü", None, 0, None, None, None, None, None, None, (), ()),
    LatentAnswer("no code"),
    LatentAnswer(
        *("", ("code", "d1"), "code", 2, True, (0.75, 0.25), (1, 2, 2), 0.0, 1.0),
        *(np.ones((3, 2), "f4"), np.ones((0, 2), "f4"), np.zeros(3, "f4"), np.zeros(0, "f4"), 2, ("a", "ü"), (9, 0)),
        *((-1.0, 1.0, NAN, 2.0), np.ones((5, 5, 4), "f4"), Part.TRAINING, (0, 2)),
        *(np.ones((2, 4), "f4"), np.ones((2, 4), "f4"), (0.5, NAN), 0.25, None, 0.5),
    ),
    ThroughTimeAnswer((), 0, 1, 0),
    ThroughTimeAnswer(
        (
            SweepInTime(
                *("r", 1, True, 2, np.ones(3)),
                (
                    TimeMap("f", True, np.ones((2, 3), "f4"), 0.5, GATE),
                    TimeMap(
                        "c",
                        False,
                        np.ones((2, 3), "f4"),
                        NAN,
                        Spread(-2.0, 2.0, np.ones((4, 3), int), 3, 9, 2, None, None),
                    ),
                ),
            ),
        ),
        *(3, 1, 9),
    ),
    DecodedAnswer("code", (0.5, -1.0), np.ones(4, "f4")),
    AdversaryAnswer(
        *(7, "", Part.VALIDATION, 2, 1, ("a", "b"), (1, 2, 2), 0.1, 1.6, (0.0, 16.0)),
        *(np.ones(4, "float32"), np.ones(4, "int8"), np.ones(4, "float32"), np.ones(4, "float32")),
        *(Outcome(1, 0.5, np.ones(2)), Outcome(None, NAN, None), Outcome(0, 2.5, np.zeros(2))),
        *(np.ones(3), np.ones(3), np.full(3, NAN), np.array([1, 0, -1])),
        ForAll(np.ones(4, "float32"), 100, Part.VALIDATION, 290, 0.5, NAN),
    ),
    AdversaryAnswer(7, "ü"),
    NeuronAnswer(9, "a1", 0, 4, EXTENT, None, (), SPREAD, (), (DRIVEN,), None, None, None, (), 0.5, NAN, False),
)
ARRAYS = {
    "0-d": np.array(2.5),
    "empty": np.zeros((0, 3), "float32"),
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "strided": np.arange(20, dtype="int32")[::3],
    "big-endian": np.arange(3, dtype=">f8"),
    "bool": np.array([[True, False]]),
    "uint8": np.arange(256, dtype="uint8").reshape(2, 8, 16),
    "special": np.array([NAN, -0.0, np.inf, -np.inf, 5e-324]),
    "a NaN with a message": np.array([0x7FF80000DEADBEEF], "uint64").view("float64"),
}


def assert_same(left: Any, right: Any) -> None:
    if isinstance(left, np.ndarray):
        assert isinstance(right, np.ndarray)
        assert (left.dtype, left.shape) == (right.dtype, right.shape)
        assert left.tobytes() == right.tobytes()
        return
    assert type(left) is type(right)
    if isinstance(left, msgspec.Struct):
        for name in left.__struct_fields__:
            assert_same(getattr(left, name), getattr(right, name))
    elif isinstance(left, tuple):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            assert_same(one, other)
    elif isinstance(left, dict):
        assert left.keys() == right.keys()
        for name in left:
            assert_same(left[name], right[name])
    else:
        assert repr(left) == repr(right)  # NaN too


def test_the_tables_hold_every_message() -> None:
    assert {type(command) for command in COMMANDS} == set(get_args(m.AnyCommand))
    assert {type(record) for record in RECORDS} == set(get_args(m.AnyRecord))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: type(c).__name__)
def test_a_command_comes_out_as_it_went_in(command: Any) -> None:
    assert_same(command, m.decode_command(m.encode(command)))


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: type(r).__name__)
def test_a_record_comes_out_as_it_went_in(record: Any) -> None:
    assert_same(record, m.decode_record(m.encode(record)))


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_keeps_type_shape_and_bits(name: str) -> None:
    sent = m.LayerScalars(ARRAYS[name], ARRAYS[name])
    answer = m.Answer(1, m.RunState.PAUSED, 0, 0, 0.0, (m.LaneAnswer(BUCKETS, (), sent, (), 0.1, 1),))
    came = m.decode_record(m.encode(answer))
    assert isinstance(came, m.Answer)
    assert came.lanes[0].layers is not None
    assert_same(ARRAYS[name], came.lanes[0].layers.values)


@pytest.mark.parametrize(
    "thing",
    [object(), lambda: None, np.array([object()]), np.zeros(2, [("a", "f4"), ("b", "i4")])],
    ids=["an object", "a function", "an array of objects", "an array of structures"],
)
def test_only_plain_data_can_be_sent(thing: object) -> None:
    with pytest.raises(TypeError, match="cannot send"):
        m.encode(m.Keyframe((), ({"h1.weight": thing},)))


class _Trap:
    def __reduce__(self) -> Any:
        return (pytest.fail, ("unpickled",))


def test_bytes_that_are_no_message_are_refused() -> None:
    array_of_objects = msgspec.msgpack.encode(("|O", (1,), pickle.dumps(_Trap())))
    for data in (b"", b"\xc1", pickle.dumps(_Trap()), m.encode(m.Play())[:-1], b"\xd4\x02\x00"):
        with pytest.raises(ValueError):  # noqa: PT011 (one for each)
            m.decode_command(data)
    record = {"is": "Keyframe", "states": [], "parameters": [{"w": msgspec.msgpack.Ext(m.ARRAY, array_of_objects)}]}
    with pytest.raises(ValueError, match="OBJECT"):
        m.decode_record(msgspec.msgpack.encode(record))


def test_commands_and_records_do_not_mix() -> None:
    with pytest.raises(ValueError, match="Play"):
        m.decode_record(m.encode(m.Play()))


def test_messages_follow_one_another_in_a_pipe() -> None:
    pipe = io.BytesIO()
    sent = [b"", b"x", bytes(100_000)]
    for data in sent:
        write_message(pipe, data)
    pipe.seek(0)
    assert [read_message(pipe) for _ in sent] == sent
    assert read_message(pipe) is None


def test_a_pipe_that_ends_within_a_message_gives_none() -> None:
    whole = io.BytesIO()
    write_message(whole, m.encode(m.Frame(3)))
    data = whole.getvalue()
    for length in range(len(data)):
        assert read_message(io.BytesIO(data[:length])) is None
    assert read_message(io.BytesIO(data)) == m.encode(m.Frame(3))
