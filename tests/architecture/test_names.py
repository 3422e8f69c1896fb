"""What a class keeps for itself, a class made from it does not overwrite by having a name in common."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def kept(tree: ast.ClassDef) -> set[str]:
    """Private names that its __init__ gives to the object, other than by a method of that name."""
    init = next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"), None)
    targets = ast.walk(init or ast.Module([], []))
    return {
        node.attr
        for node in targets
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
        and node.attr.startswith("_")
    }


def overwritten(classes: dict[str, ast.ClassDef]) -> list[str]:
    """`Class.name (Base)` of all that is kept twice; classes are told by their names."""
    found = []
    for name, tree in classes.items():
        bases, seen = [base.id for base in tree.bases if isinstance(base, ast.Name)], set[str]()
        while bases:
            base = bases.pop()
            if base in classes and base not in seen:
                seen.add(base)
                bases += [above.id for above in classes[base].bases if isinstance(above, ast.Name)]
                found += [f"{name}.{attr} ({base})" for attr in sorted(kept(tree) & kept(classes[base]))]
    return found


def classes_of(*sources: str) -> dict[str, ast.ClassDef]:
    trees = [node for source in sources for node in ast.walk(ast.parse(source))]
    return {node.name: node for node in trees if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("package", ["engine", "netviz"])
def test_nothing_kept_is_overwritten(package: str) -> None:
    sources = [path.read_text("utf-8") for path in sorted((ROOT / package).rglob("*.py"))]
    assert overwritten(classes_of(*sources)) == []


def test_what_is_overwritten_is_found() -> None:
    base = "class A:\n def __init__(self):\n  self._seen, self._own = None, 1\n"
    below = "class B(A): pass\nclass C(B):\n def __init__(self):\n  self._seen: dict = {}\n  self._more = 2\n"
    assert overwritten(classes_of(base, below)) == ["C._seen (A)"]
