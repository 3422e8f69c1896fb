"""Which losses the inspector offers."""

from PySide6.QtCore import Qt

from netviz.document import fields

NONE = Qt.KeyboardModifier.NoModifier


def test_losses_are_offered_by_the_data(inspector, document):
    """Numbers to be met are nothing for a cross-entropy over classes; what is chosen stays on offer."""

    def offered():
        combo = inspector.training.form.rows["loss.kind"].editor.combo
        return {combo.itemData(i) for i in range(combo.count())}

    assert offered() == {"mse", "mae", "huber", "hinge", "binary_cross_entropy", "cross_entropy"}
    document.set_data({"kind": "noise", "shape": [2]})
    assert offered() == {"mse", "mae", "huber", "binary_cross_entropy"}
    document.set_training_field(0, "loss.kind", "cross_entropy")
    assert "cross_entropy" in offered()


def test_it_is_asked_once_which_losses_suit_the_data(inspector, document, monkeypatch):
    asked, ask = [], fields.losses_for
    monkeypatch.setattr(fields, "losses_for", lambda summary: asked.append(summary) or ask(summary))
    document.set_node_field(0, "h1", "units", 5)
    document.set_training_field(0, "optimizer.lr", 0.5)
    assert not asked
    document.set_data({"kind": "noise", "shape": [2]})
    document.set_node_field(0, "h1", "units", 6)
    assert len(asked) == 1
