"""The one example that every view follows, its unit, and how far it has come along the wires."""

import numpy as np
import pytest
from msgspec.structs import replace

from engine.probes.example import Part, raw
from engine.run.messages import Opened
from netviz.runtime.cursor import Cursor, Mark
from netviz.runtime.followed import Followed, reached, steps
from netviz.runtime.history import History
from tests.netviz.panels.histories import opened
from tests.netviz.panels.output_answers import follow_answer


@pytest.fixture
def followed() -> Followed:
    made = Followed(Cursor())
    made.heard = []
    made.changed.connect(lambda what: made.heard.extend(sorted(what)))
    return made


def test_a_new_example_is_a_new_question_and_the_same_is_none(followed) -> None:
    followed.take(Part.VALIDATION, 7)
    asked = followed.question
    assert (asked.part, asked.index, asked.number) == (Part.VALIDATION, 7, 1)
    followed.take(Part.VALIDATION, 7)
    assert followed.question is asked
    followed.look_at("h1", 2)
    followed.look_at("h1", 2)
    followed.turn(True)
    followed.go_to(3)
    assert followed.heard == ["example", "unit", "on", "step"]
    assert followed.question.number == 2


def test_a_target_by_hand_stays_with_an_example_by_hand_and_goes_with_one_of_the_data(followed) -> None:
    followed.take_by_hand(raw(np.zeros(2)))
    followed.aim((1.0,))
    followed.take_by_hand(raw(np.ones(2)))
    assert followed.question.target == (1.0,)
    followed.take(Part.TRAINING, 0)
    assert (followed.question.x, followed.question.target) == (None, ())


def test_another_network_keeps_what_it_can_take(followed) -> None:
    followed.take_by_hand(raw(np.zeros(2)))
    followed.look_at("h1", 1)
    followed.reopen((2,), {"h1", "out"})
    assert followed.question.x is not None
    followed.reopen((3,), {"h1", "out"})
    assert (followed.question.x, followed.question.node, followed.question.unit) == (None, "h1", 1)
    followed.reopen((3,), {"first", "out"})
    assert (followed.question.node, followed.question.unit) == ("", 0), "the loss, which every network has"


def test_a_pinned_layer_that_another_project_has_not_is_let_go() -> None:
    history = opened()
    assert history.followed.question.node == ""  # the loss; it is made by now, and hears of pins
    history.cursor.pin(Mark("a1"))
    open_anew(history, ("h1", "a1", "out"), ("dense", "tanh", "dense"))
    assert history.cursor.pinned.layer == history.followed.question.node == "a1"
    open_anew(history, ("h9", "out"), ("dense", "dense"))
    assert (history.cursor.pinned.layer, history.followed.question.node) == (None, "")


def open_anew(history: History, layers: tuple[str, ...], kinds: tuple[str, ...]) -> None:
    info = replace(history.lanes[0].info, layers=layers, kinds=kinds, weighted=tuple(k == "dense" for k in kinds))
    history.open(Opened((info,), None, "numpy", "cpu", "float32", ()))


def test_what_is_pinned_anywhere_is_followed_and_what_is_followed_is_pinned() -> None:
    cursor = Cursor()
    followed = Followed(cursor)
    spot = Mark(example=(Part.VALIDATION, 4))
    cursor.hover(spot)
    assert followed.question.index == 0  # a mouse that passes by changes nothing
    cursor.pin(spot)
    assert (followed.question.part, followed.question.index) == (Part.VALIDATION, 4)
    cursor.move(Mark("a1", 3))
    assert (followed.question.node, followed.question.unit) == ("a1", 3)
    followed.look_at("h1", 1)
    assert cursor.pinned == Mark("h1", 1, example=(Part.VALIDATION, 4))
    followed.look_at("")
    assert cursor.pinned.layer is None


def test_a_pinned_layer_keeps_the_unit_and_its_activation_is_the_same_place() -> None:
    cursor = Cursor()
    followed = Followed(cursor)
    cursor.house([("h1", "a1"), ("out",)])
    followed.look_at("a1", 2)
    cursor.move(Mark("h1"))
    assert followed.question.node == "a1"
    cursor.move(Mark("out"))
    assert (followed.question.node, followed.question.unit) == ("out", 2)
    cursor.pin(Mark("c1"))
    assert (followed.question.node, cursor.pinned) == ("c1", Mark("c1"))
    cursor.pin(Mark("c1"))  # as it was pinned, so that the second click lets go
    assert cursor.pinned == Mark()


def test_the_example_that_was_found_is_the_one_that_is_pinned() -> None:
    """Examples are counted round and round: the answer says which it is."""
    cursor = Cursor()
    followed = Followed(cursor)
    cursor.pin(Mark(example=(Part.TRAINING, 0)))
    followed.take(Part.TRAINING, 401)
    followed.found(follow_answer(index=1, number=0))
    assert cursor.pinned.example == (Part.TRAINING, 0)  # of an older question
    followed.found(follow_answer(index=1, number=followed.question.number))
    assert cursor.pinned.example == (Part.TRAINING, 1)
    assert followed.question.index == 1


def test_steps_go_forward_over_the_loss_and_back() -> None:
    told = follow_answer()
    forward = [("x", "h1"), ("h1", "a1"), ("a1", "out")]
    assert steps(told) == [
        *(("forward", wire) for wire in forward),
        ("loss", None),
        *(("backward", wire) for wire in forward[::-1]),
    ]
    assert steps(follow_answer(loss=None)) == [("forward", wire) for wire in forward]


def test_what_is_reached_grows_wire_by_wire() -> None:
    told = follow_answer()
    values = [reached(told, step).values for step in range(4)]
    assert values == [{"x", "h1"}, {"x", "h1", "a1"}, {"x", "h1", "a1", "out"}, {"x", "h1", "a1", "out"}]
    gradients = [reached(told, step).gradients for step in range(7)]
    assert gradients == [set(), set(), set(), {"out"}, {"out", "a1"}, {"out", "a1", "h1"}, {"out", "a1", "h1", "x"}]
    everything = reached(told, None)
    assert (everything.values, everything.gradients) == ({"x", "h1", "a1", "out"}, gradients[-1])
    assert everything.now is None
    assert reached(told, 4).now == ("backward", ("a1", "out"))


def test_every_history_has_one_for_all_views() -> None:
    history = opened("A", "B")
    history.followed.take_by_hand(raw(np.zeros(5)))
    history.open(type("Opened", (), {"lanes": (history.lanes[0].info,), "points": None, "examples": None})())
    assert history.followed.question.x is None
