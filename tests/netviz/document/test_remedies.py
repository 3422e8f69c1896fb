"""A remedy is one step of the undo stack, or nothing."""

from dataclasses import replace

import pytest

from engine import load_project
from engine.diagnosis import Remedy
from engine.diagnosis.edits import InsertAfter, ReplaceKind, SetData, SetNode, SetTraining
from engine.errors import ProjectError
from engine.project import Variant, project_from
from netviz.document.difference import difference
from netviz.document.document import Change, Document
from netviz.document.drawing import Drawing
from netviz.document.remedies import apply_remedy
from netviz.experiments import find_experiments
from tests.netviz.document.drawings import project, three

ALL = Remedy(
    "Everything at once",
    (
        SetNode("h1", "init", "he_normal"),
        ReplaceKind("a1", "relu"),
        InsertAfter("h1", "norm1", "batch_norm"),
        SetTraining("optimizer.lr", 0.005),
        SetTraining("early_stopping", {"patience": 5}),
        SetData("preprocess", "standardize"),
    ),
)


def test_all_edits_are_one_step_and_one_undo():
    document = Document(three())
    before = document.project.to_bytes()
    apply_remedy(document, 0, ALL)
    lane = document.lanes()[0]
    assert lane.graph.layer("h1").init == "he_normal"
    assert lane.graph.layer("a1").kind() == "relu"
    assert [e.target for e in lane.graph.edges if e.source == "norm1"] == ["a1"]
    assert [e.source for e in lane.graph.edges if e.target == "norm1"] == ["h1"]
    assert lane.training.optimizer.lr == 0.005
    assert lane.training.early_stopping.patience == 5
    assert document.project.data.preprocess == "standardize"
    assert not document.problems()
    assert "norm1" in Drawing(document).places(0)
    assert document.stack.undoText() == "Everything at once"
    document.stack.undo()
    assert document.project.to_bytes() == before
    assert not document.stack.canUndo()


def test_what_does_not_fit_changes_nothing():
    document = Document(three())
    before = document.project.to_bytes()
    for edits in ((SetNode("h1", "units", 0),), (SetTraining("optimizer.lr", 0.5), ReplaceKind("nobody", "relu"))):
        with pytest.raises(ProjectError):
            apply_remedy(document, 0, Remedy("No", edits))
    assert document.project.to_bytes() == before
    assert not document.stack.canUndo()


LEAKY = Remedy("Leaky ReLU, which cannot die", (ReplaceKind("a1", "leaky_relu"),))
SLOWER = Remedy("Learning rate 0.5", (SetTraining("optimizer.lr", 0.5),))
WIDER = Remedy("Norm", (InsertAfter("h1", "norm1", "batch_norm"), SetTraining("clip_norm", 1.0)))


def files_along(document, step):
    """The file before and after `step`, held against undo, redo and a file opened again."""
    before = document.project.to_bytes()
    step()
    after = document.project.to_bytes()
    assert project_from(document.project.to_json(), document.project.folder) == document.project
    for _ in range(2):
        document.stack.undo()
        assert document.project.to_bytes() == before
        assert not document.stack.canUndo()
        document.stack.redo()
        assert document.project.to_bytes() == after


@pytest.mark.parametrize("sick", [0, 2])
def test_lanes_that_share_the_drawing_stay_as_they_were(sick):
    """Dead ReLUs: the first network and the last, which has a lower rate, are one drawing."""
    document = Document(load_project(find_experiments()["dead-relu"].path))
    before, lanes = document.project, document.lanes()
    assert document.project.variants[1].graph is None
    said = list[Change]()
    document.changed.connect(said.append)
    files_along(document, lambda: apply_remedy(document, sick, LEAKY))
    assert not {"all", "lanes"} & {change.section for change in said}  # the canvas need not place all lanes anew
    after = document.lanes()
    others = [lane for lane in range(3) if lane != sick]
    assert [after[lane] == lanes[lane] for lane in others] == [True, True]
    assert replace(after[sick], graph=lanes[sick].graph) == lanes[sick]
    assert difference(before, document.project).words == f"a1: ReLU → Leaky ReLU ({lanes[sick].variant})"
    apart = document.apart()
    assert apart[sick].split(" · ")[0] == "Leaky ReLU"
    assert "eaky" not in apart[2 - sick]


@pytest.mark.parametrize(("remedy", "sick"), [(SLOWER, 0), (SLOWER, 1), (WIDER, 0), (WIDER, 1), (WIDER, 2)])
def test_settings_are_parted_as_drawings_are(remedy, sick):
    document = Document(three())
    before = document.lanes()
    files_along(document, lambda: apply_remedy(document, sick, remedy))
    after = document.lanes()
    assert after[sick] != before[sick]
    assert [lane for lane in range(3) if lane != sick and after[lane] != before[lane]] == []


@pytest.mark.parametrize(("remedy", "own"), [(SLOWER, "training"), (LEAKY, "graph")])
def test_a_part_that_is_not_changed_stays_shared(remedy, own):
    document = Document(load_project(find_experiments()["dead-relu"].path))
    apply_remedy(document, 0, remedy)
    leaky, lower = document.project.variants
    assert (leaky.training is None) == (own == "graph")
    assert (lower.graph is None) == (own == "training")


@pytest.mark.parametrize(("sick", "own"), [(0, [True, True]), (1, [True, False]), (2, [False, True])])
def test_only_the_first_network_lends_its_drawing_to_all_it_leaves(sick, own):
    document = Document(project(variants=(Variant("B"), Variant("C"))))
    files_along(document, lambda: apply_remedy(document, sick, Remedy("ReLU", (ReplaceKind("a1", "relu"),))))
    assert [v.graph is not None for v in document.project.variants] == own
    assert [lane.graph.layer("a1").kind() for lane in document.lanes()].count("relu") == 1
    assert document.lanes()[sick].graph.layer("a1").kind() == "relu"


def test_boxes_of_other_lanes_stay_where_they_are():
    document = Document(three())
    drawing = Drawing(document)
    before = [drawing.places(lane) for lane in range(3)]
    apply_remedy(document, 2, WIDER)
    after = [drawing.places(lane) for lane in range(3)]
    assert after[:2] == before[:2]
    assert after[2]["out"] == (500.0, 50.0)
    assert "norm1" in after[2]
