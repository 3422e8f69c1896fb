"""Edits are named, merged, refused in words and undone to the byte; no window is needed."""

import gc
import itertools
import weakref
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import ProjectError
from engine.data.idx import Idx
from engine.data.toy import Xor
from engine.graph import Edge, Graph, Node
from engine.layers.activations import Tanh
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.losses import BinaryCrossEntropy
from engine.optimizers import Adam, Sgd
from engine.project import Project, Variant, project_from
from engine.training import Training
from netviz.document.difference import difference
from netviz.document.document import Change, Document
from netviz.document.storage import write_project


def chain(*layers):
    """x, then the layers, one after the other."""
    nodes = (Node("x", Input()), *(Node(name, layer) for name, layer in layers))
    return Graph(nodes, tuple(Edge(a.id, b.id) for a, b in itertools.pairwise(nodes)))


def xor():
    """Three lanes: the project's own; one with a graph of its own; one with its own training."""
    training = Training(loss=BinaryCrossEntropy(), optimizer=Adam(lr=0.03), batch_size=32)
    return Project(
        name="XOR",
        data=Xor(),
        graph=chain(("h1", Dense(units=4)), ("a1", Tanh()), ("out", Dense(units=1))),
        training=training,
        variant="4 hidden",
        variants=(
            Variant("none", graph=chain(("out", Dense(units=1)))),
            Variant("slow", training=replace_training(training, Sgd(lr=0.001))),
        ),
        layout={"x": (0.0, 0.0)},
    )


def replace_training(training, optimizer):
    return Training(loss=training.loss, optimizer=optimizer, batch_size=training.batch_size)


@pytest.fixture
def document():
    return Document(xor())


@pytest.fixture
def changes(document):
    heard = []
    document.changed.connect(heard.append)
    return heard


def layer(document, lane, node):
    return document.lanes()[lane].graph.layer(node)


def test_a_field_is_changed_named_and_undone(document, changes):
    before = document.project.to_bytes()
    document.set_node_field(1, "out", "units", 3)
    assert layer(document, 1, "out").units == 3
    assert layer(document, 0, "out").units == 1
    assert document.stack.undoText() == "Change units of out"
    assert changes == [Change(1, frozenset({"out"}), "graph")]
    assert document.dirty
    document.stack.undo()
    assert document.project.to_bytes() == before
    assert not document.dirty
    assert changes[1:] == changes[:1]


def test_a_shared_graph_is_changed_in_every_lane_that_has_it(document, changes):
    document.set_node_field(2, "h1", "units", 7)
    assert [layer(document, i, "h1").units for i in (0, 2)] == [7, 7]
    assert document.project.variants[1].graph is None
    assert changes == [Change(None, frozenset({"h1"}), "graph")]


def test_training_is_the_projects_unless_the_lane_has_its_own(document, changes):
    document.set_training_field(1, "optimizer.lr", 0.5)
    document.set_training_field(2, "optimizer.lr", 0.25)
    assert [lane.training.optimizer.lr for lane in document.lanes()] == [0.5, 0.5, 0.25]
    assert [change.lane for change in changes] == [None, 2]
    assert document.shares_training(0) == (0, 1)
    assert document.shares_training(2) == (2,)
    assert document.stack.undoText() == "Change learning rate"


def test_another_optimizer_keeps_the_rate_even_where_it_was_the_default(document):
    document.set_training_field(0, "optimizer.kind", "sgd")
    assert document.project.training.optimizer == Sgd(lr=0.03)
    document.set_training_field(0, "optimizer.lr", 0.01)  # sgd's default, not adam's
    document.set_training_field(0, "optimizer.kind", "adam")
    assert document.project.training.optimizer == Adam(lr=0.01)


def test_another_kind_of_node_is_named_and_undone(document):
    before = document.project.to_bytes()
    document.replace_kind(0, "a1", "relu")
    assert layer(document, 0, "a1").kind() == "relu"
    assert document.stack.undoText() == "Replace a1 by ReLU"
    document.stack.undo()
    assert document.project.to_bytes() == before


def test_other_data_take_along_what_was_set_by_hand(document):
    document.set_data_field("samples", 50)
    document.set_data_field("kind", "spiral")
    assert document.project.data.samples == 50
    assert document.project.data.noise == 0.03, "the spiral's own default, not xor's"
    with pytest.raises(ProjectError, match=r"data\.path: is missing"):
        document.set_data_field("kind", "npz")
    document.set_data({"kind": "npz", "path": "gone.npz"})
    assert any("gone.npz" in str(problem) for problem in document.problems())
    assert any("gone.npz" in str(problem) for problem in document.lane_problems(1))


def test_one_gesture_is_one_step_and_two_are_two(document):
    before = document.project.to_bytes()
    for lr in (0.1, 0.2, 0.3):
        document.set_training_field(0, "optimizer.lr", lr, gesture=1)
    assert document.stack.count() == 1
    document.set_training_field(0, "optimizer.lr", 0.4, gesture=2)
    document.set_training_field(0, "optimizer.lr", 0.5)
    document.set_training_field(0, "optimizer.lr", 0.6)
    assert document.stack.count() == 4
    for _ in range(4):
        document.stack.undo()
    assert document.project.to_bytes() == before


def test_a_gesture_does_not_reach_over_fields_or_lanes(document):
    document.set_node_field(0, "h1", "units", 5, gesture=1)
    document.set_node_field(0, "out", "units", 2, gesture=1)
    document.set_node_field(1, "out", "units", 2, gesture=1)
    document.set_node_field(1, "out", "init_std", 0.5, gesture=1)
    assert document.stack.count() == 4


def test_a_gesture_that_comes_back_leaves_no_step(document):
    document.set_node_field(0, "h1", "units", 5, gesture=1)
    document.set_node_field(0, "h1", "units", 4, gesture=1)
    assert document.stack.count() == 0
    assert not document.dirty


def test_what_changes_nothing_pushes_nothing(document, changes):
    document.set_node_field(0, "h1", "units", 4)
    document.set_training_field(0, "batch_size", 32)
    document.set_data_field("kind", "xor")
    document.replace_kind(0, "a1", "tanh")
    document.move_node(0, "x", (0, 0))
    document.rename("XOR")
    assert document.stack.count() == 0
    assert changes == []


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda d: d.set_node_field(0, "h1", "units", 0), "h1.units: expected int >= 1, got 0"),
        (lambda d: d.set_node_field(0, "h1", "units", "many"), "h1.units: expected int, got 'many'"),
        (lambda d: d.set_node_field(0, "h1", "unit", 3), "h1.unit: unknown field 'unit' (did you mean 'units'?)"),
        (lambda d: d.set_node_field(0, "h2", "units", 3), "h2: there is no node of this name"),
        (lambda d: d.set_node_field(0, "h1", "init_value", float("inf")), "h1.init_value: expected a finite number"),
        (lambda d: d.replace_kind(0, "a1", "rely"), "a1.kind: unknown kind 'rely' (did you mean 'relu'?)"),
        (lambda d: d.set_training_field(0, "optimizer.lr", -1.0), "training.optimizer.lr: expected float > 0"),
        (lambda d: d.set_training_field(0, "batch_size", 0), "training.batch_size: expected int >= 1, got 0"),
        (lambda d: d.set_training_field(0, "optimizer.rate", 1.0), "training.optimizer.rate: unknown field"),
        (lambda d: d.set_training_field(0, "speed.limit", 1), "training.speed.limit: there is nothing"),
        (lambda d: d.set_data_field("noise", 11.0), "data.noise: expected float <= 10"),
        (lambda d: d.move_node(0, "h2", (1, 1)), "h2: there is no node of this name"),
        (lambda d: d.rename(" "), "name: expected a text"),
    ],
)
def test_what_is_not_allowed_is_said_and_changes_nothing(document, changes, edit, words):
    before = document.project
    with pytest.raises(ProjectError) as caught:
        edit(document)
    assert str(caught.value).startswith(words)
    assert document.project is before
    assert changes == []
    assert document.stack.count() == 0


def test_shapes_that_do_not_meet_are_problems_of_their_lane(document):
    document.set_node_field(1, "x", "shape", (3,))
    assert document.structure(1) is None
    assert document.structure(0) is not None
    assert [p.where for p in document.lane_problems(1)] == ["x"]
    assert [p.where for p in document.problems()] == ["variants.none.x"]
    document.stack.undo()
    assert document.problems() == []
    assert document.structure(1).parameter_count("out") == 3


def test_panels_are_saved_but_neither_undone_nor_dirty(document, changes):
    document.set_node_field(0, "h1", "units", 5)
    document.set_panels({"state": "abc"})
    assert document.stack.count() == 1
    assert changes[-1].section == "panels"
    document.stack.undo()
    assert document.project.panels == {"state": "abc"}
    assert not document.dirty


def test_saved_is_clean_until_the_next_edit(document, tmp_path):
    document.rename("Mine")
    assert document.dirty
    document.mark_saved(tmp_path / "mine.netviz", replace(document.project, folder=tmp_path))
    assert not document.dirty
    assert document.path == tmp_path / "mine.netviz"
    assert document.project.folder == tmp_path
    document.stack.undo()
    assert document.dirty


def test_what_was_edited_since_the_saving_stays_unsaved(document, tmp_path):
    saved = document.project
    document.rename("Mine")
    document.mark_saved(tmp_path / "mine.netviz", saved)
    assert document.dirty
    assert document.project.name == "Mine"


def test_saved_elsewhere_the_files_that_it_names_are_those_of_before(tmp_path):
    """What is learnt from, and what lanes begin with; an edit made while it was saved, too."""
    before, after = tmp_path / "before", tmp_path / "after"
    after.mkdir()
    made = replace(xor(), data=Idx(path="x-ubyte", path_val="v-ubyte"), folder=before)
    first = msgspec.structs.replace(made.training, first_weights="a.safetensors")
    made = replace(made, variants=(*made.variants, Variant("begun", training=first)))
    document = Document(made)
    saved = write_project(document.project, after / "mine.netviz", None)
    document.set_training_field(0, "first_weights", "b.safetensors")
    document.mark_saved(after / "mine.netviz", saved)
    project = document.project
    assert (project.data.path, project.data.path_val) == ("../before/x-ubyte", "../before/v-ubyte")
    assert (project.data.labels, project.data.labels_val) == ("", "")  # found beside them
    assert not difference(made, saved).fields
    elsewhere = replace(made, folder=after)  # other files of the same names
    assert {field.path for field in difference(made, elsewhere).fields} == {"path", "path_val", "first_weights"}
    assert [lane.training.first_weights for lane in project.lanes()][::3] == [
        "../before/b.safetensors",
        "../before/a.safetensors",
    ]


def test_another_project_begins_anew(document, changes):
    document.rename("Mine")
    document.load(replace(xor(), name="Other"), None)
    assert document.project.name == "Other"
    assert not document.stack.canUndo()
    assert changes[-1] == Change(None, frozenset(), "all")


def test_a_document_that_nobody_holds_is_gone_at_once():
    """Its commands are owned by C++; a circle through them would be left to the collector, which crashes on it."""
    gc.disable()
    try:
        document = Document(xor())
        document.set_node_field(0, "h1", "units", 5)
        document.stack.undo()
        gone = weakref.ref(document)
        del document
        assert gone() is None
    finally:
        gc.enable()


lanes = st.integers(0, 2)
gestures = st.sampled_from([None, 1, 2])
EDITS = st.one_of(
    st.tuples(st.just("set_node_field"), lanes, st.just("out"), st.just("units"), st.integers(0, 4), gestures),
    st.tuples(st.just("set_node_field"), lanes, st.just("h1"), st.just("bias"), st.booleans(), gestures),
    st.tuples(st.just("replace_kind"), st.sampled_from([0, 2]), st.just("a1"), st.sampled_from(["relu", "tanh"])),
    st.tuples(st.just("set_training_field"), lanes, st.just("optimizer.lr"), st.floats(0, 2), gestures),
    st.tuples(st.just("set_training_field"), lanes, st.just("optimizer.kind"), st.sampled_from(["sgd", "adam"])),
    st.tuples(st.just("set_training_field"), lanes, st.just("batch_size"), st.sampled_from(["all", 1, 8])),
    st.tuples(st.just("set_data_field"), st.just("kind"), st.sampled_from(["xor", "circles", "digits", "noise"])),
    st.tuples(st.just("set_data_field"), st.just("seed"), st.integers(0, 3), gestures),
    st.tuples(st.just("move_node"), lanes, st.sampled_from(["x", "out"]), st.tuples(st.integers(0, 3), st.just(1))),
    st.tuples(st.just("rename"), st.sampled_from(["XOR", "Other"])),
    st.tuples(st.sampled_from(["undo", "redo"])),
)


@given(st.lists(EDITS, max_size=30))
def test_undo_and_redo_reach_the_same_bytes_as_before(steps):
    """A list of files, one for each place on the stack, is kept by hand beside the document."""
    document = Document(xor())
    files = [document.project.to_bytes()]
    for name, *arguments in steps:
        before = document.stack.index()
        if name in ("undo", "redo"):
            getattr(document.stack, name)()
        else:
            old = document.project.to_bytes()
            try:
                getattr(document, name)(*arguments)
            except ProjectError:
                assert document.project.to_bytes() == old
            index, now = document.stack.index(), document.project.to_bytes()
            if index > before:  # a new step cuts off what could be redone
                files[before + 1 :] = [now]
            elif now != old and index == before:  # merged into the last one
                files[before:] = [now]
            elif index < before:  # merged to nothing
                files[index + 1 :] = []
        assert document.project.to_bytes() == files[document.stack.index()]
        again = project_from(document.project.to_json(), document.project.folder)
        assert again.to_bytes() == document.project.to_bytes()
    while document.stack.canUndo():
        document.stack.undo()
        assert document.project.to_bytes() == files[document.stack.index()]
    while document.stack.canRedo():
        document.stack.redo()
        assert document.project.to_bytes() == files[document.stack.index()]
