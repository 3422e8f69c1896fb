"""Columns by the longest way, no box over another, few crossings."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from engine.graph import Edge, Graph
from netviz.document.layered import COLUMN, ROW, aligned, automatic, boxes, docked, layered, places
from netviz.document.standing import free, settled
from tests.netviz.document.drawings import graph

NAMES = tuple(f"h{i}" for i in range(12))
WIRES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda w: w[0] != w[1]), unique=True)


@given(WIRES)
def test_no_box_stands_over_another_even_where_wires_go_round(wires):
    found = layered(NAMES, tuple(wires))
    at = sorted(found.values())
    assert set(found) == set(NAMES)
    for (x, y), (x2, y2) in itertools.pairwise(at):
        assert x2 - x >= COLUMN or (x2 == x and y2 - y >= ROW)


@given(WIRES.map(lambda wires: [w for w in wires if int(w[0][1:]) < int(w[1][1:])]))
def test_every_wire_leads_to_the_right_and_columns_are_as_far_left_as_can_be(wires):
    found = layered(NAMES, tuple(wires))
    column = {node: x / COLUMN for node, (x, _) in found.items()}
    for node in NAMES:
        assert column[node] == max((column[source] + 1 for source, target in wires if target == node), default=0)


def test_a_chain_is_a_straight_line():
    assert automatic(graph("x>h1 h1>h2 h2>o1")) == {n: (i * COLUMN, 0.0) for i, n in enumerate(("x", "h1", "h2", "o1"))}


def test_a_skip_does_not_run_through_what_it_skips():
    found = automatic(graph("x>h1 h1>h2 h2>j1 x>j1 j1>o1"))
    assert found["x"][1] == found["j1"][1] == found["o1"][1]
    assert abs(found["h1"][1] - found["x"][1]) >= ROW
    assert found["h1"][1] == found["h2"][1]


def test_wires_that_need_not_cross_do_not():
    """Two chains, wired so that file order would cross them at every column."""
    found = layered(
        ("x", "h1", "h2", "h3", "h4", "h5", "h6"),
        (("x", "h1"), ("x", "h2"), ("h1", "h4"), ("h2", "h3"), ("h4", "h5"), ("h3", "h6")),
    )
    upper = [found[n][1] < found[m][1] for n, m in (("h1", "h2"), ("h4", "h3"), ("h5", "h6"))]
    assert len(set(upper)) == 1


def test_an_activation_stands_with_its_layer_until_another_follows_that_too():
    assert docked(graph("x>h1 h1>a1")) == {"h1": "a1"}
    assert docked(graph("x>a1")) == {}
    assert docked(graph("x>h1 h1>a1 h1>h2")) == {}
    assert boxes(graph("x>h1 h1>a1 a1>h2")) == ("x", "h1", "h2")
    shown = places(graph("x>h1 h1>a1 a1>h2"), {"h1": (70.0, 7.0), "a1": (1.0, 1.0)})
    assert shown == {"x": (0.0, 0.0), "h1": (70.0, 7.0), "a1": (70.0, 7.0), "h2": (320.0, 0.0)}


def test_what_was_seen_somewhere_stays_there():
    old, new = graph("x>h1 h1>h2"), graph("x h1>h2")
    assert settled(old, {}, new) == {"x": (0.0, 0.0), "h1": (160.0, 0.0), "h2": (320.0, 0.0)}
    assert settled(old, {}, old) == {}


def test_an_activation_that_is_set_free_makes_room_for_itself():
    old = graph("x>h1 h1>a1 a1>h2")
    branched = Graph((*old.nodes, *graph("h3").nodes), (*old.edges, Edge("h1", "h3")))
    shown = places(branched, settled(old, {}, branched))
    assert shown["h1"] == (160.0, 0.0)
    assert shown["a1"] == (320.0, 0.0)
    assert shown["h2"] == (480.0, 0.0)
    alone = settled(old, {}, graph("x>h1 a1 h2"))
    assert alone["a1"] == (160.0, ROW)


def test_a_free_place_is_the_next_one_below():
    assert free((0, 0), [(300, 0)]) == (0, 0)
    assert free((0, 0), [(10, 0), (0, 105)]) == (0, 200)
    assert free((0, 0), [(10, 0), (0, 120)]) == (0, 300), "a box with a picture takes more than 80 of a row's 100"


def test_boxes_are_aligned_and_distributed():
    shown = {"a": (0.0, 0.0), "b": (100.0, 30.0), "c": (400.0, 90.0)}
    assert {y for _, y in aligned(shown, "middle").values()} == {45.0}
    assert {y for _, y in aligned(shown, "top").values()} == {0.0}
    assert {x for x, _ in aligned(shown, "right").values()} == {400.0}
    assert {x for x, _ in aligned(shown, "centre").values()} == {200.0}
    assert aligned(shown, "distribute") == {"a": (0.0, 0.0), "b": (200.0, 30.0), "c": (400.0, 90.0)}
