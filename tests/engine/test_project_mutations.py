"""Whatever stands in a project file or a setting: it gives a project, or one line that says what is wrong."""

import copy
import json
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ProjectError
from engine.project import Project, apply_setting, load_project, project_from
from tests.engine.broken_projects import GOOD, assert_one_line

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.sampled_from([0, 1, -1, 10**9, 10**400])
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["x", "h1", "out", "all", "dense", "input", "relu", "mse", "adam", "noise", "npz", "id", "kind"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["units", "kind", "id", "shape", "classes", "targets", "path", "init", "lr", "port"]) | st.text(
    max_size=6
)


def places(data, path=()):
    """The path of every value."""
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


@st.composite
def mutated(draw):
    data = copy.deepcopy(GOOD)
    for _ in range(draw(st.integers(1, 4))):
        *steps, last = draw(st.sampled_from(list(places(data))[1:] or [("name",)]))
        at = data
        for step in steps:
            at = at[step]
        match draw(st.sampled_from(["replace", "delete", "insert", "copy"])):
            case "replace":
                at[last] = draw(JSON_VALUES)
            case "delete":
                at.pop(last, None) if isinstance(at, dict) else at.pop(last)
            case "insert" if isinstance(at, dict):
                at[draw(NAMES)] = draw(JSON_VALUES)
            case "insert":
                at.insert(last, draw(JSON_VALUES))
            case "copy" if last in at if isinstance(at, dict) else True:
                source = draw(st.sampled_from(list(places(GOOD))[1:]))
                value = GOOD
                for step in source:
                    value = value[step]
                at[last] = copy.deepcopy(value)
    return data


def project_or_error(make):
    try:
        project = make()
    except ProjectError as error:
        assert_one_line(error)
        return None
    assert isinstance(project, Project)
    return project


@settings(max_examples=600)
@given(mutated())
def test_any_mutation_is_a_project_or_one_line(tmp_path_factory, data):
    def load():
        project = project_from(data, Path("nowhere"), "case")
        if problems := project.problems():
            raise ProjectError(*problems)
        return project

    project = project_or_error(load)
    if project is not None:
        assert project_from(msgspec.json.decode(project.to_bytes()), project.folder) == project


@settings(max_examples=150)
@given(mutated(), st.binary(max_size=6), st.integers(0, 3000))
def test_any_bytes_are_a_project_or_one_line(tmp_path_factory, data, junk, at):
    path = tmp_path_factory.getbasetemp() / "mutated.netviz"
    content = json.dumps(data).encode()
    path.write_bytes(content[:at] + junk + content[at + len(junk) :])
    project_or_error(lambda: load_project(path))


def test_the_mutations_make_both_kinds():
    """Guards the strategy: of the mutated projects some load and some do not."""
    counts = {True: 0, False: 0}

    @settings(max_examples=200, database=None)
    @given(mutated())
    def count(data):
        try:
            counts[not project_from(data, Path("nowhere"), "case").problems()] += 1
        except ProjectError:
            counts[False] += 1

    count()
    assert min(counts.values()) > 10


@settings(max_examples=300)
@given(
    st.lists(
        NAMES | st.sampled_from(["graph", "nodes", "h1", "training", "optimizer", "variants", "relu"]), max_size=5
    ),
    JSON_VALUES,
)
def test_any_setting_is_a_project_or_one_line(steps, value):
    def load():
        data = copy.deepcopy(GOOD)
        apply_setting(data, ".".join(steps), value)
        project = project_from(data, Path("nowhere"))
        if problems := project.problems():
            raise ProjectError(*problems)
        return project

    project_or_error(load)
