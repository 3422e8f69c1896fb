"""Names in exported files."""

import keyword

import pytest

from engine.export.names import class_name, variables
from tests.engine.export.nets import chain, dense, graph_project


@pytest.mark.parametrize(
    ("name", "variant", "expected"),
    [
        ("XOR", "A", "XOR"),
        ("vanishing gradient", "A", "VanishingGradient"),
        ("Vanishing gradient", "tanh", "VanishingGradientTanh"),
        ("déjà-vu, 2nd try", "A", "DejaVu2ndTry"),
        ("2 layers", "A", "Net2Layers"),
        ("", "A", "Net"),
        ("网络", "A", "Net"),
        ("none", "A", "NoneNet"),
        ("exception", "A", "ExceptionNet"),
        ("taken", "A", "TakenNet"),
    ],
)
def test_a_class_is_called_after_its_project(name: str, variant: str, expected: str) -> None:
    made = chain([dense("out", 2)], name=name, variant=variant)
    assert class_name(made, ("Taken",)) == expected


def test_variables_are_ids_where_they_can_be() -> None:
    ids = ["h1", "a1", "self", "self_", "x", "__debug__", "__9", "__", "_h", "sum", "l", "print", "match", "debug__"]
    names = variables(ids, ("self", "x"))
    assert len(set(names.values())) == len(ids)
    assert [names[node] for node in ("h1", "a1", "self_", "_h", "match", "debug__")] == [
        "h1",
        "a1",
        "self_",
        "_h",
        "match",
        "debug__",
    ]
    for name in names.values():
        assert name.isidentifier()
        assert not keyword.iskeyword(name)
        assert not name.startswith("__")
        assert name not in ("self", "x", "sum", "l", "print")
    assert names["self"] == "self__"  # the one with one underscore is there already


def test_nodes_in_a_graph_of_one_letter_ids_keep_them() -> None:
    nodes = [{"id": "x", "kind": "input"}, dense("a", 2), dense("b", 2)]
    made = graph_project(nodes, [["x", "a"], ["a", "b"]], "mse", {"kind": "noise", "shape": [3], "targets": 2})
    assert variables(made.structure().drawn, ("x",)) == {"a": "a", "b": "b"}
