"""What is pointed at: hovering over pinning, and what is told to those who draw it."""

import pytest

from engine.probes.example import Part
from netviz.runtime.cursor import NOTHING, Cursor, Mark


@pytest.fixture
def told():
    cursor, news = Cursor(), []
    cursor.changed.connect(news.append)
    return cursor, news


def test_hovering_shows_over_what_is_pinned_and_leaves_it_when_it_goes(told):
    cursor, news = told
    cursor.pin(Mark("h1", 3, step=40.0))
    cursor.hover(Mark("out", step=7.0))
    assert cursor.mark == Mark("out", None, step=7.0), "the pinned unit is not one of the layer that is hovered"
    cursor.hover(NOTHING)
    assert cursor.mark == Mark("h1", 3, step=40.0)
    assert news == [{"layer", "unit", "step"}] * 3


def test_what_is_hovered_leaves_the_rest_of_what_is_pinned(told):
    cursor, news = told
    cursor.pin(Mark("h1", step=40.0))
    cursor.hover(Mark(example=(Part.VALIDATION, 2)))
    assert cursor.mark == Mark("h1", step=40.0, example=(Part.VALIDATION, 2))
    assert news[-1] == {"example"}


def test_the_same_pinned_again_is_let_go_and_the_light_with_it(told):
    cursor, _ = told
    cursor.hover(Mark("h1"))
    cursor.pin(Mark("h1"))
    assert cursor.pinned == Mark("h1")
    cursor.pin(Mark("h1"))
    assert cursor.pinned == cursor.mark == NOTHING, "although the mouse is still there"


@pytest.mark.parametrize(("step", "kept"), [(41.5, False), (43.0, True)])
def test_steps_that_look_like_one_are_the_same(told, step, kept):
    cursor, _ = told
    cursor.pin(Mark(step=40.0))
    cursor.pin(Mark(step=step), near=2.0)
    assert cursor.pinned == (Mark(step=step) if kept else NOTHING)


def test_nothing_is_told_where_nothing_changes(told):
    cursor, news = told
    cursor.hover(Mark("h1", step=1.0))
    cursor.hover(Mark("h1", step=1.0))
    cursor.pin(NOTHING)
    assert not cursor.unpin()
    assert len(news) == 1
    cursor.hover(Mark("h1", step=2.0))
    assert news[1:] == [{"step"}]


def test_keys_move_one_field_and_leave_the_others(told):
    cursor, _ = told
    cursor.move(Mark("h1"))
    cursor.move(Mark(step=5.0))
    assert cursor.pinned == Mark("h1", step=5.0)
    cursor.release("step")
    assert cursor.pinned == Mark("h1")


def test_nodes_of_one_box_are_lit_together(told):
    cursor, news = told
    cursor.house([("h1", "a1"), ("out",)])
    cursor.hover(Mark("a1"))
    assert cursor.layers == {"h1", "a1"}
    cursor.hover(Mark("elsewhere"))
    assert cursor.layers == {"elsewhere"}
    cursor.house([("elsewhere", "b")])
    assert cursor.layers == {"elsewhere", "b"}
    assert news[-1] == {"layer"}, "who draws it hears of it"


def test_a_pin_is_told_though_it_looks_as_what_was_hovered():
    cursor, pinned = Cursor(), []
    cursor.pins.connect(pinned.append)
    cursor.hover(Mark("a", 1))
    assert pinned == []
    cursor.pin(Mark("a", 1))
    cursor.hover(Mark("b"))
    cursor.unpin()
    assert pinned == [Mark("a", 1), NOTHING]
