"""Copied nodes and templates: what goes out comes back, and what is none is refused in one line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import ProjectError
from engine.catalogue import LAYERS
from netviz.document import templates
from netviz.document.clipboard import from_text, to_text
from netviz.document.document import Document
from netviz.document.drawing import Drawing
from netviz.document.layered import COLUMN, ROW
from tests.netviz.document.drawings import graph, project, wires


@pytest.fixture
def document():
    return Document(project(graph("x>h1 h1>a1 a1>j1:1 x>j1:0 j1>o1")))


def test_a_copy_goes_to_another_window_with_its_fields_wires_and_places(document):
    text = Drawing(document).copy(0, ["h1", "a1", "j1"])
    other = Document(project(graph("x>h1 h1>a1 a1>o1")))
    ids = Drawing(other).paste(0, text, (50, 70))
    assert ids == ("h2", "a2", "j1")
    assert wires(other.project.graph) == "x>h1 h1>a1 a1>o1 h2>a2 a2>j1:1"
    assert other.project.graph.layer("h2") == document.project.graph.layer("h1")
    shown = Drawing(other).places(0)
    # The skip runs straight below, so the layer stands a row higher than the join.
    assert (shown["h2"], shown["j1"]) == ((50, 70), (50 + COLUMN, 70 + ROW))


def test_pasting_again_and_again_never_hides_a_node(document):
    drawn = Drawing(document)
    text = drawn.copy(0, ["h1"])
    for _ in range(3):
        drawn.paste(0, text)
    boxes = [at for node, at in drawn.places(0).items() if node != "a1"]
    assert len(set(boxes)) == len(boxes)


def test_all_that_is_cut_can_be_pasted_back(document):
    drawn = Drawing(document)
    before = drawn.places(0)
    text = drawn.cut(0, ["x", "h1", "a1", "j1", "o1"])
    assert document.project.graph.nodes == ()
    assert drawn.paste(0, text) == ("x", "h1", "a1", "j1", "o1")
    assert wires(document.project.graph) == "x>h1 h1>a1 a1>j1:1 x>j1:0 j1>o1"
    assert drawn.places(0) == before


def nodes(*made, **more):
    return json.dumps({"format": "netviz-nodes", "version": 1, "nodes": list(made), **more})


H1, A1, X = {"id": "h1", "kind": "dense"}, {"id": "a1", "kind": "tanh"}, {"id": "x", "kind": "input"}
NONE = [
    ("", "this text is no copied network"),
    ("hello", "this text is no copied network"),
    ("[1]", "this text is no copied network"),
    ("\ud800", "this text is no copied network"),
    ("[" * 100_000, "this text is no copied network"),
    ('{"format": "netviz-project", "version": 1}', "this text is no copied network"),
    ('{"format": "netviz-nodes", "version": 2}', "these nodes are of version 2, this netviz reads version 1"),
    ('{"format": "netviz-nodes", "version": true}', "these nodes are of version True"),
    (nodes(), "the copied network cannot be used: nodes: expected a list of nodes"),
    (nodes({"id": "h1", "kind": "dens"}), "the copied network cannot be used: h1.kind: unknown kind 'dens'"),
    (nodes({"id": "for", "kind": "dense"}), "the copied network cannot be used: nodes.nodes.0.id: 'for' is a keyword"),
    (nodes(H1, H1), "the copied network cannot be used: h1: two nodes have this id"),
    (nodes(H1, edges=[["h1", "a1"]]), "the copied network cannot be used: a1: there is no node 'a1'"),
    (nodes(H1, X, edges=[["h1", "x"]]), "the copied network cannot be used: x: x takes no input"),
    (nodes(H1, A1, edges=[["h1", "a1"], ["a1", "h1"]]), "the copied network cannot be used: h1: would close a circle"),
    (nodes(H1, A1, X, edges=[["h1", "a1"], ["x", "a1"]]), "the copied network cannot be used: a1: the input of a1 is"),
]


@pytest.mark.parametrize(("text", "words"), NONE, ids=[words[:70] for _, words in NONE])
def test_text_that_is_no_network_is_refused_in_one_line(document, text, words):
    before = document.project
    with pytest.raises(ProjectError) as caught:
        Drawing(document).paste(0, text)
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)
    assert document.project is before
    assert document.stack.count() == 0


@pytest.mark.parametrize("layout", [None, [], {"h1": [1]}, {"h1": [1e300, 0]}, {"h1": ["a", 0]}, {"h2": [0, 0]}])
def test_places_that_are_none_are_found_anew(layout):
    assert from_text(nodes(H1, layout=layout)).places == {"h1": (0.0, 0.0)}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=3)))
def test_whatever_stands_in_the_nodes_is_taken_or_refused(junk):
    for field in ("nodes", "edges", "layout"):
        text = json.dumps({"format": "netviz-nodes", "version": 1, "nodes": [H1], field: junk})
        try:
            piece = from_text(text)
        except ProjectError:
            continue
        assert from_text(to_text(piece)) == piece


# Templates


@pytest.mark.parametrize("template", templates.builtin(), ids=lambda t: t.name)
def test_a_template_trains_as_it_comes(template):
    document = Document(project(graph("x")))
    drawn = Drawing(document)
    ids = drawn.insert_piece(0, template.piece, (COLUMN, 0), template.name)
    assert document.stack.undoText() == f"Insert {template.name}"
    assert template.help
    drawn.connect(0, "x", ids[0])
    assert not [p for p in document.problems() if p.where != ids[-1]], "the output's size is the data's affair"
    boxes = [drawn.places(0)[n] for n in ids if LAYERS[document.project.graph.layer(n).kind()].group != "Activation"]
    assert len(set(boxes)) == len(boxes)
    document.stack.undo()
    document.stack.undo()
    assert len(document.project.graph.nodes) == 1


def test_an_mlp_has_the_layers_asked_for():
    piece = templates.mlp((3, 2), "relu")
    assert wires(piece.graph) == "h1>a1 a1>h2"
    assert [getattr(n.layer, "units", n.layer.kind()) for n in piece.graph.nodes] == [3, "relu", 2]
    with pytest.raises(ProjectError, match="expected 1 to"):
        templates.mlp(())
    with pytest.raises(ProjectError, match=r"h1\.units"):
        templates.mlp((0,))


def test_a_residual_block_is_offered_only_where_there_is_add(monkeypatch):
    assert "Residual block" in [t.name for t in templates.builtin()]
    monkeypatch.delitem(LAYERS, "add")
    assert "Residual block" not in [t.name for t in templates.builtin()]


def test_a_selection_is_kept_as_a_template(document, tmp_path):
    folder = tmp_path / "new" / "templates"
    assert templates.own(folder) == ((), ())
    piece = Drawing(document).piece(0, ["h1", "a1"])
    names = ["My block", "My: block", "мой блок", "a" * 100]
    for name in names:
        templates.save(folder, name, piece)
    found, refused = templates.own(folder)
    assert refused == ()
    assert sorted(t.name for t in found) == sorted(names)
    assert all(t.piece == piece for t in found)
    assert len(list(folder.iterdir())) == len(names), "whole files and nothing beside them"


def test_a_template_of_the_same_name_is_replaced(document, tmp_path):
    drawn = Drawing(document)
    templates.save(tmp_path, "block", drawn.piece(0, ["h1", "a1"]))
    templates.save(tmp_path, "block", drawn.piece(0, ["h1"]))
    (only,), _ = templates.own(tmp_path)
    assert len(only.piece.graph.nodes) == 1
    for name in ("", "  ", "a\nb", "a" * 101):
        with pytest.raises(ProjectError, match="name: expected"):
            templates.save(tmp_path, name, only.piece)


def test_a_broken_template_is_skipped_with_a_word(document, tmp_path):
    templates.save(tmp_path, "good", Drawing(document).piece(0, ["h1"]))
    (tmp_path / "broken.netviz-template").write_text("{")
    (tmp_path / "nameless.netviz-template").write_text(nodes(H1))
    (tmp_path / "folder.netviz-template").mkdir()
    (tmp_path / "bytes.netviz-template").write_bytes(b"\xff\xfe")
    found, refused = templates.own(tmp_path)
    assert [t.name for t in found] == ["good"]
    assert [line.partition(": ")[0] for line in refused] == [
        f"{name}.netviz-template" for name in ("broken", "bytes", "folder", "nameless")
    ]
    assert refused[0] == "broken.netviz-template: this text is no copied network"
    templates.save(tmp_path, "broken", found[0].piece)
    assert (tmp_path / "broken.netviz-template").read_text() == "{", "a file of somebody's is not written over"
