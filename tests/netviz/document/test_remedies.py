"""A remedy is one step of the undo stack, or nothing."""

import pytest

from engine.diagnosis import Remedy
from engine.diagnosis.edits import InsertAfter, ReplaceKind, SetData, SetNode, SetTraining
from engine.errors import ProjectError
from netviz.document.document import Document
from netviz.document.drawing import Drawing
from netviz.document.remedies import apply_remedy
from tests.netviz.document.drawings import three

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
