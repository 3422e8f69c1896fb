"""What is told of a file before it is used, the data section that comes of it, and the one step that uses it."""

import numpy as np
import pytest

from engine.data.csv_file import Csv
from engine.data.toy import Xor
from engine.errors import ProjectError
from engine.graph import Graph, Node
from engine.layers.input import Input
from engine.losses import BinaryCrossEntropy
from engine.optimizers import Adam
from engine.project import Project, Variant
from engine.training import Training
from netviz.document.array_import import look_at_arrays
from netviz.document.document import Document
from netviz.document.importing import checked, use
from netviz.document.proposal import first_network
from netviz.document.table_import import look_at_table, name_of

PETS = "Id,weight,colour,age,kind\n" + "".join(
    f"{i},{4 + i * 3.5},{'red' if i % 3 else 'blue'},{i % 7},{'cat' if i % 4 else 'dog'}\n" for i in range(1, 41)
)


def table(folder, text=PETS, **told):
    (folder / "t.csv").write_text(text)
    return look_at_table(folder, "t.csv", **told)


def document(folder) -> Document:
    training = Training(loss=BinaryCrossEntropy(), optimizer=Adam(lr=0.03), seed=7)
    return Document(Project("XOR", Xor(), Graph((Node("x", Input()),), ()), training, folder))


def summary_of(folder, found, wish):
    return checked({"validation": 0.0, **found.data(wish)}, folder)


def test_every_column_is_guessed(tmp_path) -> None:
    found = table(tmp_path)
    wish = found.first_wish({})
    assert wish.roles == ("unused", "number", "category", "number", "target")
    sheet = found.sheet(wish)
    assert sheet.size == "40 rows, 5 columns"
    assert sheet.names == ("Id", "weight", "colour", "age", "kind")
    facts = dict(sheet.facts)
    assert facts["range"] == ("1 … 40", "7.5 … 144", "2 texts", "0 … 6", "2 texts")
    assert facts["mean"][1] == "75.75"
    assert sheet.first[0] == ("1", "7.5", "red", "1", "cat")
    assert (sheet.target, sheet.balance) == ("kind: 2 classes", (("cat", 30), ("dog", 10)))
    assert sheet.ranges == ((7.5, 144), (0, 1), (0, 6))
    assert sheet.warnings == ()
    assert found.data(wish) == {"kind": "csv", "path": "t.csv", "leave_out": "Id"}
    assert summary_of(tmp_path, found, wish).features == ("weight", "colour=blue", "colour=red", "age")


def test_roles_become_fields_that_the_source_reads_alike(tmp_path) -> None:
    found = table(tmp_path)
    wish = found.first_wish({})
    for place, role in ((0, "number"), (3, "category"), (2, "unused"), (1, "target")):
        wish = found.with_role(wish, place, role)
    assert wish.roles == ("number", "target", "unused", "category", "category")
    data = found.data(wish)
    assert data == {"kind": "csv", "path": "t.csv", "target": "weight", "leave_out": "colour", "categories": "age"}
    summary = summary_of(tmp_path, found, wish)
    assert summary.features == ("Id", *(f"age={i}" for i in range(7)), "kind=cat", "kind=dog")
    assert (summary.classes, found.sheet(wish).target) == (None, "weight: numbers from 7.5 to 144")
    assert found.first_wish(data).roles == wish.roles  # and back again


@pytest.mark.parametrize("task", ["auto", "classes", "numbers"])
def test_what_is_said_of_the_target_is_what_is_trained_on(tmp_path, task) -> None:
    found = table(tmp_path)
    for place in (1, 3, 4):
        wish = found.with_role(found.first_wish({"task": task}), place, "target")
        try:
            summary = summary_of(tmp_path, found, wish)
        except ProjectError:
            assert (place, task) == (4, "numbers")
            continue
        words = found.sheet(wish).target
        assert ("class" in words) is (summary.classes is not None)
        if summary.classes is not None:
            assert f": {summary.classes} " in words
            assert tuple(name for name, _ in found.sheet(wish).balance) == summary.class_names


def test_names_that_would_tell_another_column_are_told_by_number(tmp_path) -> None:
    found = table(tmp_path, '"a,b",7,7,2,y\n1,2,3,4,0\n5,6,7,8,1\n', header="yes")
    assert [name_of(found.preview.form, i) for i in range(5)] == ["1", "-4", "3", "2", "y"]
    wish = found.with_role(found.with_role(found.first_wish({}), 0, "unused"), 1, "unused")
    summary = summary_of(tmp_path, found, wish)
    assert summary.features == ("7", "2")
    data = Csv(**{k: v for k, v in found.data(wish).items() if k != "kind"}, validation=0.0).load(tmp_path)
    assert data.x.tolist() == [[3, 4], [7, 8]]


def test_what_is_wrong_is_named(tmp_path) -> None:
    text = PETS.replace("\n2,11.0,", "\n2,eleven,").replace("\n3,14.5,", "\n3,,").replace("\n5,21.5,", "\n5,?,")
    found = table(tmp_path, text)
    wish = found.first_wish({"missing": "drop"})
    first, second = found.sheet(wish).warnings
    assert first == "weight: 1 cell of no number, first 'eleven' in row 3"
    assert second == "2 missing cells in 1 column: their rows are left out"
    assert found.sheet(found.with_role(wish, 1, "unused")).warnings == ()
    assert dict(found.sheet(wish).facts)["missing"][1] == "2"
    with pytest.raises(ProjectError, match="row 3, column 'weight': expected a finite number, got 'eleven'"):
        summary_of(tmp_path, found, wish)


def test_a_table_of_many_texts_leaves_out_names(tmp_path) -> None:
    text = "name,a,y\n" + "".join(f"who{i},{i % 5},{i % 2}\n" for i in range(30))
    assert table(tmp_path, text).first_wish({}).roles == ("unused", "number", "target")
    few = "name,y\n" + "".join(f"who{i},{i % 2}\n" for i in range(30))
    assert table(tmp_path, few).first_wish({}).roles == ("category", "target")  # else nothing would be left


def test_fields_that_another_table_had_and_this_one_has_not_are_forgotten(tmp_path) -> None:
    wish = table(tmp_path).first_wish({"target": "price", "leave_out": "colour,age", "missing": "mean"})
    assert wish.roles == ("unused", "number", "unused", "unused", "target")
    assert wish.missing == "mean"


def test_vectors_of_an_array_file_are_a_table(tmp_path) -> None:
    x = np.arange(24.0).reshape(8, 3)
    np.savez(tmp_path / "d.npz", x=x, y=np.arange(8) % 2)
    found = look_at_arrays(tmp_path, "d.npz")
    sheet = found.sheet(None)
    assert sheet.names == ("y", "x1", "x2", "x3")
    assert sheet.roles == ("target", "number", "number", "number")
    assert dict(sheet.facts)["range"] == ("", "0 … 21", "1 … 22", "2 … 23")
    assert sheet.first[1] == ("1", "3", "4", "5")
    assert (sheet.target, sheet.balance) == ("y: 2 classes", (("0", 4), ("1", 4)))
    assert sheet.ranges == ((0, 21), (1, 22), (2, 23))
    assert found.data(None) == {"kind": "npz", "path": "d.npz"}
    assert checked(found.data(None), tmp_path).shape == (3,)


def test_pictures_of_an_array_file_are_told_by_their_shapes(tmp_path) -> None:
    np.savez(tmp_path / "d.npz", x=np.ones((6, 1, 4, 4), np.float32), y=np.linspace(0, 1, 6))
    sheet = look_at_arrays(tmp_path, "d.npz").sheet(None)
    assert dict(sheet.facts)["shape"] == ("6×1×4×4", "6")
    assert sheet.target == "y: numbers"
    assert len(sheet.ranges) == 16


def test_a_file_is_used_in_one_step_or_not_at_all(tmp_path) -> None:
    found, made = table(tmp_path), document(tmp_path)
    wish = found.first_wish({})
    data = {**found.data(wish), "preprocess": "standardize"}
    proposal = first_network(checked(data, tmp_path), 40)
    before = made.project.to_bytes()
    use(made, data, proposal)
    assert made.stack.count() == 1
    assert made.stack.undoText() == "Import CSV table and replace the network"
    assert made.problems() == []
    assert made.project.training.seed == 7
    assert [node.id for node in made.project.graph.nodes] == ["x", "h1", "a1", "out"]
    made.stack.undo()
    assert made.project.to_bytes() == before
    made.stack.redo()
    use(made, data, None)
    assert made.stack.count() == 1  # nothing to change
    with pytest.raises(ProjectError):
        use(made, {**data, "validation": 2}, proposal)
    assert made.stack.count() == 1


def test_lanes_that_share_the_network_get_the_new_one(tmp_path) -> None:
    made = document(tmp_path)
    project = made.project
    own = Variant("own", graph=Graph((Node("x", Input()),), ()), layout={"x": (5.0, 5.0)})
    made.load(
        Project("two", project.data, project.graph, project.training, tmp_path, variants=(Variant("B"), own)), None
    )
    found = table(tmp_path)
    data = found.data(found.first_wish({}))
    use(made, data, first_network(checked(data, tmp_path), 40))
    first, shared, other = made.lanes()
    assert first.graph == shared.graph != other.graph
    assert other.layout == {"x": (5.0, 5.0)}
