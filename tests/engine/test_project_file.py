"""A project file gives a project, or one line that says where it is wrong; and what is written is read back alike."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import engine
from engine.catalogue import DATASETS, LAYERS, LOSSES, OPTIMIZERS
from engine.errors import Problem, ProjectError
from engine.graph import Edge, Graph, Node, resolve
from engine.layers.base import Layer
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.names import MODULE_ATTRIBUTES
from engine.project import load_project, project_from, read_json, save_project
from tests.engine.broken_projects import BAD, GOOD, assert_one_line, changed


def loaded(data, folder):
    """What `load_project` makes of it, from a file."""
    path = folder / "case.netviz"
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return load_project(path)


def refused(data, folder):
    with pytest.raises(ProjectError) as caught:
        loaded(data, folder)
    assert_one_line(caught.value)
    return caught.value


def test_the_good_one_is_good(tmp_path):
    project = loaded(GOOD, tmp_path)
    assert [lane.variant for lane in project.lanes()] == ["tanh", "relu", "sgd"]
    assert project.problems() == []


def test_a_mark_of_the_byte_order_is_no_part_of_the_file(tmp_path):
    assert loaded(b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), tmp_path).name == "good"


@pytest.mark.parametrize(("changes", "line"), BAD, ids=[line[:60] for _, line in BAD])
def test_a_broken_field_is_named(changes, line, tmp_path):
    assert str(refused(changed(*changes), tmp_path)).startswith(line)


@pytest.mark.parametrize("name", sorted(n for n in MODULE_ATTRIBUTES if n.isidentifier()))
def test_attributes_of_modules_are_no_ids(name):
    with pytest.raises(ProjectError, match=r"^graph\.nodes\.1\.id: .* is an attribute of exported modules"):
        project_from(changed(("graph/nodes/1/id", name)), Path())


def test_our_list_has_every_attribute_that_pytorch_has():
    # The list is written down, so that it holds without PyTorch; where that is installed, it must not be behind.
    torch = pytest.importorskip("torch")
    assert set(dir(torch.nn.Module())) <= MODULE_ATTRIBUTES


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "is not a netviz project: Input data was truncated"),
        (b"not JSON", "is not a netviz project: JSON is malformed"),
        (json.dumps(GOOD).encode()[:-30], "is not a netviz project: Input data was truncated"),
        (json.dumps(GOOD).encode()[:200], "is not a netviz project: Input data was truncated"),
        (json.dumps(GOOD).encode() + b"{}", "is not a netviz project: JSON is malformed"),
        (json.dumps(GOOD).encode("utf-16"), "is not a netviz project: "),
        (json.dumps(GOOD).replace("good", "go\xf6d").encode("latin-1"), "is not a netviz project: "),
        (json.dumps({**GOOD, "name": "\ud800"}).encode(), "is not a netviz project: "),
        (json.dumps(changed(("data/noise", float("nan")))).encode(), "is not a netviz project: JSON is malformed"),
        (json.dumps(changed(("data/noise", float("inf")))).encode(), "is not a netviz project: JSON is malformed"),
        (json.dumps(GOOD).replace("0.01", "1e999").encode(), "is not a netviz project: Number out of range"),
        (json.dumps(GOOD).replace("60", "9" * 5000).encode(), "is not a netviz project: Integer value out of range"),
        (b"[" * 100_000, "is not a netviz project: maximum recursion depth exceeded"),
        (b'{"a":' * 100_000, "is not a netviz project: maximum recursion depth exceeded"),
        (b"[]", "is not a netviz project: expected a JSON object"),
        (b"null", "is not a netviz project: expected a JSON object"),
        (b"3", "is not a netviz project: expected a JSON object"),
        (b'"netviz-project"', "is not a netviz project: expected a JSON object"),
        (b"\x00" * 50, "is not a netviz project: JSON is malformed"),
        (b"PK\x03\x04", "is not a netviz project: JSON is malformed"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value[:50],
)
def test_what_is_no_project_at_all(content, line, tmp_path):
    assert str(refused(content, tmp_path)).startswith(line)


def test_files_that_cannot_be_read(tmp_path):
    for path, line in (
        (tmp_path / "absent.netviz", "cannot be read: No such file or directory"),
        (tmp_path, "cannot be read: Is a directory"),
        (tmp_path / ("n" * 300), "cannot be read: File name too long"),
    ):
        with pytest.raises(ProjectError) as caught:
            load_project(path)
        assert str(caught.value) == line


def test_every_problem_is_found_at_once(tmp_path):
    error = refused(
        changed(
            ("data/noise", -1),
            ("graph/nodes/1/units", 0),
            ("graph/nodes/3/kind", "dence"),
            ("graph/edges/0", ["x"]),
            ("training/optimizer/lr", 0),
            ("layout", 3),
            ("extra", 1),
        ),
        tmp_path,
    )
    assert [problem.where for problem in error.problems] == [
        "extra",
        "data.noise",
        "h1.units",
        "out.kind",
        "graph.edges.0",
        "training.optimizer.lr",
        "layout",
    ]


def test_problems_are_one_line_each():
    assert str(Problem("a\nb", "c\td\r\x1b[0m\ud800\u2028e")) == "a\\nb: c\\td\\r\\x1b[0m\\ud800\\u2028e"
    assert str(Problem("", "no place")) == "no place"
    assert len(Problem("w" * 5000, "x").where) == 200
    assert str(Problem("α", "≥ 1")) == "α: ≥ 1"


# --set


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("training.optimizer.lr", 0.5, lambda p: p.training.optimizer.lr == 0.5),
        ("graph.nodes.h1.units", 9, lambda p: p.graph.layer("h1").units == 9),
        ("graph.nodes.h1.bias", False, lambda p: p.graph.layer("h1").bias is False),
        ("training.batch_size", 5, lambda p: p.training.batch_size == 5),
        ("data.noise", 0.3, lambda p: p.data.noise == 0.3),
        ("data", {"kind": "noise", "classes": 3}, lambda p: p.data.kind() == "noise"),
        ("name", "other", lambda p: p.name == "other"),
        ("training.regularization.l1", 0.2, lambda p: p.training.regularization.l1 == 0.2),
        ("variants.relu.graph.nodes.out.init", "zeros", lambda p: p.lane("relu").graph.layer("out").init == "zeros"),
        ("variants.sgd.training.epochs", 3, lambda p: p.lane("sgd").training.epochs == 3),
        ("training.optimizer", {"kind": "sgd"}, lambda p: p.training.optimizer.lr == 0.01),
    ],
)
def test_a_setting_is_laid_over_the_file(path, value, found, tmp_path):
    (tmp_path / "good.netviz").write_text(json.dumps(GOOD))
    assert not found(load_project(tmp_path / "good.netviz")) or path == "training.optimizer"
    assert found(load_project(tmp_path / "good.netviz", {path: value}))


def test_a_section_that_was_left_out_can_be_set(tmp_path):
    (tmp_path / "good.netviz").write_text(json.dumps(changed(("training/regularization", ...))))
    project = load_project(tmp_path / "good.netviz", {"training.regularization.l2": 0.5})
    assert project.training.regularization.l2 == 0.5


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("graph.nodes.h9.units", 3, "graph.nodes.h9: there is nothing of this name to set"),
        ("graph.nodes.h1", {}, "graph.nodes.h1: there is nothing of this name to set"),
        ("training.optimiser.lr", 3, "training.optimiser: there is nothing of this name to set"),
        ("name.first", 3, "name: there is nothing of this name to set"),
        ("graph.edges.0.1", "x", "graph.edges.0: there is nothing of this name to set"),
        ("", 3, ""),
        ("...", 3, ": there is nothing"),
        ("a\nb.c", 3, "a\\nb: there is nothing of this name to set"),
        ("training.optimizer.lr", float("nan"), "training.optimizer.lr: expected float > 0.0, got nan"),
        ("training.optimizer.lr", float("inf"), "training.optimizer.lr: expected float <= 1000000.0, got inf"),
        ("graph.nodes.h1.init_value", float("nan"), "h1.init_value: expected a finite number, got nan"),
        ("graph.nodes.h1.init_value", -float("inf"), "h1.init_value: expected a finite number, got -inf"),
        ("graph.nodes.out.bias_init", float("inf"), "out.bias_init: expected a finite number, got inf"),
        ("graph.nodes.h1.init_std", float("inf"), "h1.init_std: expected a finite number, got inf"),
        ("graph.nodes.h1.init_std", 10**5000, "h1.init_std: number out of range, got a number of too many digits"),
        ("training.clip_norm", float("nan"), "training.clip_norm: expected float >= 1e-30, got nan"),
        ("version", 10**5000, "version: the file is of version a number of too many digits"),
        ("name", 10**5000, "name: expected a text of at most 200 characters, got a number of too many digits"),
        ("graph.nodes.h1.kind", "\ud800", "h1.kind: unknown kind '\\ud800'"),
    ],
    ids=lambda value: ascii(value[:40]) if isinstance(value, str) else type(value).__name__,  # 10**5000 has no repr
)
def test_a_setting_that_does_not_fit(path, value, line, tmp_path):
    (tmp_path / "good.netviz").write_text(json.dumps(GOOD))
    with pytest.raises(ProjectError) as caught:
        load_project(tmp_path / "good.netviz", {path: value})
    assert_one_line(caught.value)
    if path not in ("", "..."):
        assert str(caught.value).startswith(line)


# Written and read back


def test_what_is_written_is_read_back(tmp_path):
    project = loaded(GOOD, tmp_path)
    save_project(project, tmp_path / "again.netviz")
    assert load_project(tmp_path / "again.netviz") == project
    assert project_from(project.to_json(), tmp_path) == project
    assert read_json(tmp_path / "again.netviz") == json.loads(json.dumps(project.to_json()))
    assert load_project(tmp_path / "again.netviz").to_bytes() == project.to_bytes()
    assert project.to_json()["panels"] == GOOD["panels"]
    assert project.to_json()["layout"] == GOOD["layout"]
    assert project.to_json()["weights"] == GOOD["weights"]


def test_each_lane_is_written_and_read_back(tmp_path):
    for lane in loaded(GOOD, tmp_path).lanes():
        assert project_from(lane.to_json(), tmp_path) == lane


@pytest.mark.parametrize(
    ("table", "where"),
    [(LAYERS, "graph/nodes/2"), (LOSSES, "training/loss"), (OPTIMIZERS, "training/optimizer"), (DATASETS, "data")],
)
def test_every_kind_is_written_and_read_back(table, where):
    for kind in table:
        must = {
            "npz": {"path": "data.npz"},
            "csv": {"path": "data.csv"},
            "idx": {"path": "images"},
            "text": {"path": "text.txt"},
            "images": {"path": "pictures"},
            "points": {"points": [[0.5, 1.0, 0.0]]},
        }
        declared = {"kind": kind, **must.get(kind, {})}
        if "nodes" in where:
            declared["id"] = "a1"
        project = project_from(changed((where, declared)), Path())
        assert project_from(json.loads(project.to_bytes()), Path()) == project
        at = project.to_json()
        for step in where.split("/"):
            at = at[int(step) if step.isdecimal() else step]
        assert json.loads(json.dumps(at)) == declared  # defaults are not written


def test_the_smallest_file(tmp_path):
    keys = ("format", "version", "data", "graph")
    small = {key: GOOD[key] for key in keys} | {"training": {k: GOOD["training"][k] for k in ("loss", "optimizer")}}
    project = loaded(small, tmp_path)
    assert project.name == "case"  # of the file
    assert (project.training.batch_size, project.training.shuffle, project.training.seed) == (32, True, 0)
    assert project_from(project.to_json(), tmp_path) == project


def test_a_project_that_loads_trains(tmp_path):
    for lane in loaded(GOOD, tmp_path).lanes():
        assert np.isfinite(engine.Trainer(lane).run(3).loss)


class Join(Layer, frozen=True, tag="join"):
    """Two inputs, as a layer to come will have."""

    arity = 2

    def output_shape(self, *shapes):
        return (sum(shape[0] for shape in shapes),)


@pytest.mark.parametrize(
    ("ports", "expected"),
    [((None, None), ("a", "b")), ((1, 0), ("b", "a")), ((1, None), ("b", "a")), ((None, 1), ("a", "b"))],
)
def test_an_edge_without_a_number_takes_the_next_free_input(ports, expected):
    nodes = (Node("x", Input()), Node("a", Dense(units=2)), Node("b", Dense(units=3)), Node("j", Join()))
    wires = (Edge("x", "a"), Edge("x", "b"), Edge("a", "j", ports[0]), Edge("b", "j", ports[1]))
    structure, problems = resolve(Graph(nodes, wires), (4,))
    assert problems == []
    assert structure.inputs["j"] == expected


def test_too_many_or_too_few_for_a_join():
    nodes = (Node("x", Input()), Node("a", Dense(units=2)), Node("j", Join()))
    for wires, message in (
        ((Edge("a", "j"),), "takes 2 inputs, got 1"),
        ((Edge("a", "j", 0), Edge("a", "j", 0)), "two wires come to input 0, from 'a' and 'a'"),
        ((Edge("a", "j", 0), Edge("a", "j", 7)), "'a' comes to input 7, allowed: 0 to 1"),
        ((Edge("a", "j"),) * 3, "takes 2 inputs, got another from 'a'"),
    ):
        _, problems = resolve(Graph(nodes, (Edge("x", "a"), *wires)), (4,))
        assert [str(problem) for problem in problems] == [f"j: {message}"]


def test_nesting_just_below_the_limit_is_told_as_well(tmp_path):
    for levels in range(900, sys.getrecursionlimit(), 13):
        content = json.dumps(changed(("format", 1))).replace('"format": 1', f'"format": {"[" * levels}{"]" * levels}')
        refused(content.encode(), tmp_path)
