"""What may be connected, and the reason in words where not."""

import pytest

from engine.graph import Graph, Node, resolve
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.layers.join import Add
from netviz.document.palette import fitting, palette, search
from netviz.document.wiring import Verdict, shapes, slots, verdict
from tests.netviz.document.drawings import graph


def swapped(found, **layers):
    return Graph(tuple(Node(n.id, layers.get(n.id, n.layer)) for n in found.nodes), found.edges)


@pytest.mark.parametrize(
    ("drawn", "wire", "reason"),
    [
        ("x>h1 a1", "h1>a1", ""),
        ("x>h1 a1", "h1>h1", "h1 cannot feed itself"),
        ("x>h1 a1", "a1>x", "x takes no input"),
        ("x>h1 a1", "a1>h1", "the input of h1 is taken by x"),
        ("x>h1 a1", "x>h1", "x feeds h1 already"),
        ("x>h1 a1", "h1>h2", "there is no node 'h2'"),
        ("x>h1 a1", "h1>a1:1", "a1 has no input 1"),
        ("h1>a1 a1>h2", "h2>h1", "would close a circle: h1 → a1 → h2 → h1"),
        ("x>j1 h1", "x>j1", ""),
        ("x>j1 h1", "x>j1:0", "input 0 of j1 is taken by x"),
        ("x>j1 h1", "h1>j1:2000", "j1 has no input 2000"),
    ],
)
def test_a_wire_is_refused_in_words(drawn, wire, reason):
    source, _, rest = wire.partition(">")
    target, _, port = rest.partition(":")
    found = verdict(graph(drawn), (2,), source, target, int(port) if port else None)
    assert found == (Verdict(False, reason, possible=False) if reason else Verdict(True))


def test_shapes_that_do_not_meet_are_said_but_possible():
    drawn = swapped(graph("x>h1 x>h2 h1>j1"), h2=Dense(units=3))
    found = verdict(drawn, (2,), "h2", "j1")
    assert found.reason == "shapes do not meet: input 1 has 3 features, input 0 has 4 features: they must be equal"
    assert (found.ok, found.possible) == (False, True)
    assert verdict(drawn, (2,), "h1", "j1").ok


def test_a_wire_that_spoils_a_later_node_says_where():
    drawn = swapped(graph("x>h1 x>h2 a1>j1 h1>j1"), h2=Dense(units=3))
    assert verdict(drawn, (2,), "h2", "a1").reason.startswith("shapes do not meet at j1: ")
    assert verdict(drawn, (2,), "h1", "a1").ok


def test_a_fault_that_was_there_is_not_the_wires():
    drawn = swapped(graph("x>h1 x>h2 h1>j1 h2>j1 a1"), h2=Dense(units=3))
    assert verdict(drawn, (2,), "h1", "a1").ok


def test_shapes_are_known_as_far_as_the_drawing_goes():
    drawn = graph("x>h1 h1>a1 x>j1 h2>a2")
    assert resolve(drawn, (2,))[0] is None
    assert shapes(drawn, (2,)).outputs == {"x": (2,), "h1": (4,), "a1": (4,)}
    assert shapes(drawn, None).outputs == {}
    wrong = shapes(swapped(drawn, x=Input(shape=(3,))), (2,))
    assert wrong.errors == {"x": "shape is 3, but the data's examples have 2"}


def test_shapes_are_the_engines_where_it_has_them():
    drawn = graph("x>h1 h1>a1 a1>h2 a1>j1 h2>j1 j1>o1")
    structure, problems = resolve(drawn, (2,))
    assert problems == []
    assert shapes(drawn, (2,)).outputs == structure.shapes
    assert {node: tuple(slots(drawn, node).values()) for node in structure.order} == structure.inputs


def test_a_circle_in_a_file_is_no_reason_to_hang():
    drawn = graph("x>h1 h2>h3 h3>h2 h3>a1")
    assert shapes(drawn, (2,)).outputs == {"x": (2,), "h1": (4,)}
    assert verdict(drawn, (2,), "h1", "j9").reason == "there is no node 'j9'"
    assert verdict(drawn, (2,), "a1", "h1").reason == "the input of h1 is taken by x"


def test_the_palette_has_every_kind_once_with_its_first_line():
    entries = {e.kind: e for group in palette() for e in group.entries}
    assert sum(len(group.entries) for group in palette()) == len(entries)
    assert entries["relu"].title == "ReLU"
    assert entries["relu"].help == "h = max(a, 0); h' = 1 where a > 0, else 0."
    assert [g.title for g in palette()][:2] == ["Data", "Core"]


def test_search_finds_titles_first_then_words():
    assert search("re")[0].kind == "relu"
    assert [e.kind for e in search("affine")] == ["dense"]
    assert [e.kind for e in search("initial bias")][:3] == ["dense", "bias", "maxout"]
    assert search("zzz") == ()
    assert len(search("")) == sum(len(g.entries) for g in palette())


def test_what_could_follow_says_why_the_rest_could_not():
    by_kind = {fit.entry.kind: fit for fit in fitting((3, 8, 8))}
    assert by_kind["input"].reason == "takes no input"
    assert by_kind["dense"].reason == "expected a vector of features, got shape 3×8×8; a flatten before it makes one"
    assert {fit.entry.kind for fit in fitting((4,)) if fit.ok} >= {"dense", "relu", Add.kind()}
    assert [fit.entry.kind for fit in fitting(None) if not fit.ok] == ["input", "constant"]
