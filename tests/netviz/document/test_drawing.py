"""Every edit of the drawing is one named step, undone to the byte; no window is needed."""

from dataclasses import replace

import pytest

from engine import ProjectError
from engine.graph import resolve
from engine.layers.activations import Relu
from engine.project import load_project
from netviz.document.document import Change, Document
from netviz.document.drawing import Drawing
from netviz.document.layered import COLUMN, ROW
from netviz.document.storage import read_project, write_project
from tests.netviz.document.drawings import graph, project, three, wires

CHAIN = "x>h1 h1>a1 a1>h2 h2>a2 a2>o1"
SKIP = "x>h1 h1>a1 a1>h2 a1>j1 h2>j1 j1>o1"


def drawing(text=CHAIN, **more):
    document = Document(project(graph(text), **more))
    return document, Drawing(document)


def lane_wires(document, lane=0):
    return wires(document.lanes()[lane].graph)


EDITS = [
    (lambda d: d.connect(0, "h2", "j1"), "Connect h2 to j1", "h1>a1 a1>h2 x>j1 h2>j1"),
    (lambda d: d.connect(0, "h2", "j1", 3), "Connect h2 to j1", "h1>a1 a1>h2 x>j1 h2>j1:3"),
    (lambda d: d.disconnect(0, "a1", "h2"), "Disconnect a1 from h2", "h1>a1 x>j1"),
    (lambda d: d.reconnect(0, ("a1", "h2"), ("h1", "h2")), "Connect h1 to h2", "h1>a1 h1>h2 x>j1"),
    (lambda d: d.reconnect(0, ("x", "j1"), ("x", "h1")), "Connect x to h1", "h1>a1 a1>h2 x>h1"),
    (lambda d: d.add_node(0, "dense", (1, 2)), "Add h4", "h1>a1 a1>h2 x>j1"),
    (lambda d: d.insert_on_wire(0, "relu", "a1", "h2"), "Insert a2", "h1>a1 a1>a2 a2>h2 x>j1"),
    (lambda d: d.put_on_wire(0, "h3", "x", "j1"), "Insert h3", "h1>a1 a1>h2 x>h3 h3>j1"),
    (lambda d: d.remove(0, ["a1"]), "Remove a1", "h1>h2 x>j1"),
    (lambda d: d.remove(0, ["h2", "a1"]), "Remove 2 nodes", "x>j1"),
    (lambda d: d.cut(0, ["h2", "a1"]), "Cut 2 nodes", "x>j1"),
    (lambda d: d.pull_out(0, "a1"), "Pull out a1", "h1>h2 x>j1"),
    (lambda d: d.duplicate(0, ["h1", "a1"]), "Duplicate 2 nodes", "h1>a1 a1>h2 x>j1 h4>a2"),
    (lambda d: d.rename_node(0, "h2", "code"), "Rename h2 to code", "h1>a1 a1>code x>j1"),
    (lambda d: d.set_fields(0, ["h1", "h2", "x"], "units", 7), "Change units of 2 nodes", "h1>a1 a1>h2 x>j1"),
    (lambda d: d.replace_kinds(0, ["a1"], "relu"), "Replace a1 by ReLU", "h1>a1 a1>h2 x>j1"),
    (lambda d: d.repeat(0, ["h1", "a1"], 2), "Repeat 2 nodes 2 times", "h1>a1 a2>h2 x>j1 h4>a2 a1>h4"),
    (lambda d: d.move_nodes(0, {"h1": (5, 5)}), "Move h1", "h1>a1 a1>h2 x>j1"),
    (lambda d: d.align(0, ["x", "h1", "h2"], "left"), "Align left of 3 nodes", "h1>a1 a1>h2 x>j1"),
    (lambda d: d.auto_layout(0), "Lay out", "h1>a1 a1>h2 x>j1"),
    (lambda d: d.paste(0, d.copy(0, ["h1", "a1", "h2"])), "Paste 3 nodes", "h1>a1 a1>h2 x>j1 h4>a2 a2>h5"),
]


@pytest.mark.parametrize(("edit", "name", "after"), EDITS, ids=[f"{i} {name}" for i, (_, name, _) in enumerate(EDITS)])
def test_an_edit_is_one_named_step(edit, name, after):
    document, drawn = drawing("h1>a1 a1>h2 x>j1 h3", layout={"x": (1.0, 2.0), "h1": (3.0, 4.0), "a1": (0.0, 1.0)})
    before, heard = document.project.to_bytes(), []
    document.changed.connect(heard.append)
    edit(drawn)
    assert document.stack.count() == 1
    assert document.stack.undoText() == name
    assert lane_wires(document) == after
    done = document.project.to_bytes()
    assert done != before
    document.stack.undo()
    assert document.project.to_bytes() == before
    document.stack.redo()
    assert document.project.to_bytes() == done
    assert [c.section for c in heard] == ["layout" if name[:4] in ("Move", "Alig", "Lay ") else "graph"] * 3


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda d: d.connect(0, "a1", "h1"), "h1: the input of h1 is taken by x"),
        (lambda d: d.connect(0, "o1", "x"), "x: x takes no input"),
        (lambda d: d.disconnect(0, "x", "a1"), "a1: there is no wire from 'x'"),
        (lambda d: d.reconnect(0, ("x", "h1"), ("a2", "h1")), "h1: would close a circle: h1 → a1 → h2 → a2 → h1"),
        (lambda d: d.add_node(0, "dens", (0, 0)), "dens.kind: unknown kind 'dens' (did you mean 'dense'?)"),
        (lambda d: d.add_node(0, "dense", (0, 0), {"units": 0}), "dense.units: expected int >= 1"),
        (lambda d: d.add_node(0, "dense", (0, 0), name="h1"), "h1: another node has this id"),
        (lambda d: d.add_node(0, "dense", (0, 0), name="for"), "for: 'for' is a keyword"),
        (lambda d: d.add_node(0, "dense", (float("nan"), 0)), "layout: expected numbers"),
        (lambda d: d.insert_on_wire(0, "input", "x", "h1"), "x2: takes no input"),
        (lambda d: d.put_on_wire(0, "h2", "x", "h1"), "h2: is on a wire already"),
        (lambda d: d.remove(0, ["h1", "h9"]), "h9: there is no node of this name"),
        (lambda d: d.remove(0, []), "graph.nodes: no node is selected"),
        (lambda d: d.rename_node(0, "h1", "h2"), "h2: another node has this id"),
        (lambda d: d.rename_node(0, "h1", "forward"), "forward: 'forward' is an attribute"),
        (lambda d: d.set_fields(0, ["h1", "h2"], "units", 0), "h1.units: expected int >= 1"),
        (lambda d: d.set_fields(0, ["a1"], "units", 3), "a1.units: none of the nodes has this field"),
        (lambda d: d.replace_kinds(0, ["a1"], "rely"), "a1.kind: unknown kind"),
        (lambda d: d.repeat(0, ["h1", "h2"], 2), "h1: a block that is repeated needs one way in and one way out"),
        (lambda d: d.repeat(0, ["x", "h1"], 2), "x: takes no input and cannot be repeated"),
        (lambda d: d.repeat(0, ["h1"], 1), "h1: a block can stand 2 to"),
        (lambda d: d.repeat(0, ["h1"], 10**9), "h1: a block can stand 2 to"),
        (lambda d: d.move_nodes(0, {"h1": (float("inf"), 0)}), "layout: expected numbers"),
        (lambda d: d.new_lane(0, "A"), "variants: another network is called A"),
        (lambda d: d.new_lane(0, " "), "variants: expected a name"),
        (lambda d: d.remove_lane(0), "variants: the only network cannot be removed"),
    ],
)
def test_what_cannot_be_drawn_is_said_and_changes_nothing(edit, words):
    document, drawn = drawing()
    before = document.project
    with pytest.raises(ProjectError) as caught:
        edit(drawn)
    assert str(caught.value).startswith(words)
    assert document.project is before
    assert document.stack.count() == 0


def test_a_lane_that_is_not_there_is_an_error_of_the_caller():
    _, drawn = drawing()
    for lane in (-1, 1):
        with pytest.raises(IndexError):
            drawn.remove(lane, ["h1"])


def test_a_network_is_drawn_from_nothing_and_trains(tmp_path):
    document, drawn = drawing()
    drawn.remove(0, [n.id for n in document.project.graph.nodes])
    assert [str(p) for p in document.problems()] == ["graph.nodes: there is no input node"]
    ids = [drawn.add_node(0, kind, (0, 0)) for kind in ("input", "dense", "tanh", "dense", "concat", "relu")]
    assert ids == ["x", "h1", "a1", "h2", "concat1", "a2"]
    drawn.remove(0, ["concat1", "a2"])
    for source, target in (("x", "h1"), ("h1", "a1"), ("a1", "h2")):
        assert drawn.can_connect(0, source, target).ok
        drawn.connect(0, source, target)
    drawn.set_fields(0, ["h2"], "units", 1)
    assert document.problems() == []
    write_project(document.project, tmp_path / "drawn.netviz", None)
    assert load_project(tmp_path / "drawn.netviz").to_bytes() == document.project.to_bytes()


@pytest.mark.parametrize("text", [CHAIN, "x h1 a1", "h1>j1:4 x", "x>h1 h2>h3 h3>h2", "x>gone"])
def test_an_unfinished_drawing_is_saved_and_opens_again(text, tmp_path):
    document, _ = drawing(text)
    write_project(document.project, tmp_path / "part.netviz", None)
    again, problems = read_project(tmp_path / "part.netviz")
    assert again.to_bytes() == document.project.to_bytes()
    assert problems == document.problems()
    assert bool(problems) == (text != CHAIN)


def test_an_empty_drawing_is_saved_and_opens_again(tmp_path):
    document, drawn = drawing("x>h1")
    drawn.remove(0, ["x", "h1"])
    write_project(document.project, tmp_path / "none.netviz", None)
    again, problems = read_project(tmp_path / "none.netviz")
    assert again.graph.nodes == ()
    assert [str(p) for p in problems] == ["graph.nodes: there is no input node"]
    (tmp_path / "none.netviz").write_text("{}")
    with pytest.raises(ProjectError, match="format"):
        read_project(tmp_path / "none.netviz")


def test_wires_heal_past_a_node_with_one_source_into_the_same_input():
    document, drawn = drawing("x>h1 h1>j1:1 x>h2 h2>j1:0 j1>o1")
    drawn.remove(0, ["h1"])
    assert lane_wires(document) == "x>j1:1 x>h2 h2>j1:0 j1>o1"
    drawn.remove(0, ["h2"])
    assert lane_wires(document) == "x>j1:1 j1>o1", "not twice the same pair"
    document.stack.undo()
    drawn.remove(0, ["j1"])
    assert lane_wires(document) == "x>h2", "two sources do not heal"


def test_a_wire_that_is_put_elsewhere_takes_an_input_that_is_free_there():
    document, drawn = drawing("x>h1 h1>a1 h2>j1:0 h3>j1:1")
    drawn.reconnect(0, ("h1", "a1"), ("h1", "j1"))
    assert lane_wires(document) == "x>h1 h2>j1:0 h3>j1:1 h1>j1"
    drawn.reconnect(0, ("h2", "j1"), ("x", "j1"))
    assert lane_wires(document) == "x>h1 x>j1:0 h3>j1:1 h1>j1"


@pytest.mark.parametrize(
    ("number", "after"),
    [(0, "x>h1 h2>j1:0 h1>j1:1 h1>h2"), (1, "x>h1 h1>j1:0 h2>j1:1 h1>h2"), (None, "x>h1 h1>j1:0 h2>j1:1 h1>h2")],
)
def test_of_two_wires_between_the_same_nodes_the_one_meant_is_parted(number, after):
    document, drawn = drawing("x>h1 h1>j1:0 h1>j1:1 h2")
    assert drawn.insert_on_wire(0, "dense", "h1", "j1", number=number) == "h3"
    assert sorted(lane_wires(document).split()) == sorted(after.replace("h2", "h3").split())
    document.stack.undo()
    drawn.put_on_wire(0, "h2", "h1", "j1", number)
    assert sorted(lane_wires(document).split()) == sorted(after.split())


def test_of_two_wires_without_numbers_the_first_is_parted():
    document, drawn = drawing("x>h1 h1>j1 h1>j1 h2")
    drawn.put_on_wire(0, "h2", "h1", "j1", 0)
    assert lane_wires(document) == "x>h1 h1>h2 h2>j1 h1>j1"


def test_a_residual_block_is_repeated_with_its_skip():
    document, drawn = drawing(SKIP)
    copies = drawn.repeat(0, ["h2", "j1"], 3)
    assert copies == ("h3", "j2", "h4", "j3")
    assert lane_wires(document) == "x>h1 h1>a1 a1>h2 a1>j1 h2>j1 j3>o1 j1>h3 j1>j2 h3>j2 j2>h4 j2>j3 h4>j3"
    assert [n.id for n in document.project.graph.nodes] == ["x", "h1", "a1", "h2", "j1", "h3", "j2", "h4", "j3", "o1"]
    assert document.problems() == []


def test_many_nodes_change_at_once_and_keep_what_they_share():
    document, drawn = drawing()
    drawn.replace_kinds(0, ["a1", "a2"], "relu")
    assert [document.project.graph.layer(n) for n in ("a1", "a2")] == [Relu(), Relu()]
    drawn.set_fields(0, ["h1", "h2"], "units", 5, gesture=1)
    drawn.set_fields(0, ["h1", "h2"], "units", 6, gesture=1)
    drawn.set_fields(0, ["h1"], "units", 6, gesture=1)
    assert document.stack.count() == 2
    assert [document.project.graph.layer(n).units for n in ("h1", "h2")] == [6, 6]


def test_a_drag_is_one_step_and_one_that_comes_back_is_none():
    document, drawn = drawing(layout={"h1": (0.0, 0.0), "x": (0.0, 0.0)})
    before = document.project.to_bytes()
    for x in (1, -0.0):
        drawn.move_nodes(0, {"x": (x, 0)}, gesture="there and back")
    assert document.stack.count() == 0
    assert document.project.to_bytes() == before
    for x in (1, 2, 3):
        drawn.move_nodes(0, {"h1": (x, 0), "x": (x, 0)}, gesture="drag")
    assert document.stack.count() == 1
    assert document.stack.undoText() == "Move 2 nodes"
    drawn.move_nodes(0, {"h1": (9, 0)}, gesture="drag")
    assert document.stack.count() == 2
    document.stack.undo()
    document.stack.undo()
    assert document.project.to_bytes() == before


def test_a_node_on_a_wire_makes_room():
    document, drawn = drawing("x>h1 h1>o1")
    name = drawn.insert_on_wire(0, "dense", "x", "h1")
    assert drawn.places(0) == {n: (i * COLUMN, 0.0) for i, n in enumerate(("x", name, "h1", "o1"))}
    assert [n.id for n in document.project.graph.nodes] == ["x", "h2", "h1", "o1"]
    drawn.insert_on_wire(0, "relu", "h1", "o1")
    assert drawn.places(0)["o1"] == (3 * COLUMN, 0.0), "a docked activation needs no room"


def test_what_is_not_touched_stays_where_it_was_seen():
    _, drawn = drawing()
    seen = drawn.places(0)
    drawn.add_node(0, "dense", (40, 300))
    drawn.disconnect(0, "a1", "h2")
    now = drawn.places(0)
    assert {n: now[n] for n in seen} == seen


def test_a_docked_activation_pulled_out_stands_beside():
    _, drawn = drawing()
    drawn.pull_out(0, "a1")
    assert drawn.places(0)["a1"] == (COLUMN, ROW)
    drawn.pull_out(0, "a2", (7, 700))
    assert drawn.places(0)["a2"] == (7, 700)


def test_a_shared_graph_is_drawn_in_every_lane_that_has_it_each_in_its_places():
    document = Document(three())
    heard = []
    document.changed.connect(heard.append)
    drawn = Drawing(document)
    drawn.remove(2, ["h1"])
    assert [lane_wires(document, i) for i in (0, 2)] == ["x>a1 a1>out"] * 2
    assert "h1" in lane_wires(document, 1)
    assert document.project.variants[1].graph is None
    assert heard[-1].lane is None
    drawn.remove(1, ["h1"])
    assert heard[-1] == Change(1, frozenset({"x", "h1", "a1"}), "graph")
    drawn.move_nodes(2, {"out": (1, 1)})
    assert heard[-1] == Change(2, frozenset({"out"}), "layout")
    assert "out" not in document.project.layout or document.project.layout["out"] != (1, 1)


def test_a_lane_is_duplicated_renamed_and_removed():
    document = Document(three())
    drawn, before = Drawing(document), document.project.to_bytes()
    assert drawn.new_lane(2) == 3
    assert document.stack.undoText() == "Duplicate slow as B"
    copy, slow = document.lanes()[3], document.lanes()[2]
    assert (copy.variant, copy.graph, copy.training, copy.layout) == ("B", slow.graph, slow.training, slow.layout)
    drawn.remove(3, ["h1"])
    assert "h1" in lane_wires(document, 2), "the copy's graph is its own"
    drawn.rename_lane(3, "other")
    drawn.rename_lane(0, "mine")
    assert [lane.variant for lane in document.lanes()] == ["mine", "deep", "slow", "other"]
    drawn.remove_lane(1)
    assert [lane.variant for lane in document.lanes()] == ["mine", "slow", "other"]
    while document.stack.canUndo():
        document.stack.undo()
    assert document.project.to_bytes() == before


def test_the_project_s_own_network_leaves_its_place_to_the_next():
    document = Document(three())
    lanes = document.lanes()
    Drawing(document).remove_lane(0)
    for was, now in zip(lanes[1:], document.lanes(), strict=True):
        assert (was.variant, was.graph, was.training, was.layout) == (
            now.variant,
            now.graph,
            now.training,
            now.layout,
        )
    Drawing(document).remove_lane(0)
    assert [lane.variant for lane in document.lanes()] == ["slow"]
    assert document.project.variants == ()


def test_undoing_a_lane_does_not_unsave_the_weights_of_another(tmp_path):
    document = Document(project())
    drawn = Drawing(document)
    drawn.new_lane(0)
    saved = replace(document.project, weights="mine.safetensors")
    document.mark_saved(tmp_path / "mine.netviz", saved)
    document.stack.undo()
    assert document.project.weights == "mine.safetensors"


def test_resolve_agrees_that_a_finished_drawing_is_sound():
    document, drawn = drawing(SKIP)
    drawn.insert_on_wire(0, "dense", "h2", "j1", {"units": 4})
    assert resolve(document.project.graph, (2,))[1] == []
    assert lane_wires(document) == "x>h1 h1>a1 a1>h2 a1>j1 h2>h3 h3>j1 j1>o1"
