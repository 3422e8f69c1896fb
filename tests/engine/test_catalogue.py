"""Nothing that a project can name is half declared.

The bases raise NotImplementedError for what each kind must say itself (msgspec's metaclass leaves no room for abc).
"""

import ast
import inspect
import textwrap

import pytest

from engine.catalogue import DATASETS, LAYERS, LOSSES, OPTIMIZERS, SCHEDULES
from engine.diagnosis.edits import Edit
from engine.layers.base import Join

KINDS = [kind for table in (LAYERS, LOSSES, OPTIMIZERS, SCHEDULES, DATASETS) for kind in table.values()]
# An input is a plan's rows and an exported graph's own input; a join binds several inputs instead of one. An optimizer
# that searches has `update` in place of `calls`.
EXEMPT = {("input", name) for name in ("output_shape", "bind")}
EXEMPT |= {(kind, "bind") for kind, layer in LAYERS.items() if issubclass(layer, Join)}
EXEMPT |= {(kind, "calls") for kind, cls in OPTIMIZERS.items() if cls.searches}


def function_of(member: object) -> object:
    """The function that a property calls."""
    return member.fget if isinstance(member, property) else member


def is_abstract(method: object) -> bool:
    """Whether a function does nothing but raise NotImplementedError."""
    (function,) = ast.parse(textwrap.dedent(inspect.getsource(method))).body
    body = [line for line in function.body if not isinstance(line, ast.Expr)]
    return len(body) == 1 and isinstance(body[0], ast.Raise) and "NotImplementedError" in ast.unparse(body[0])


def left_abstract(kind: type) -> set[str]:
    names = {name for base in kind.__mro__ for name in vars(base)}
    methods = {name: made for name in names if inspect.isfunction(made := function_of(getattr(kind, name)))}
    return {name for name, made in methods.items() if made.__module__.startswith("engine.") and is_abstract(made)}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind())
def test_every_kind_says_all_that_its_base_leaves_open(kind: type) -> None:
    assert {(kind.kind(), name) for name in left_abstract(kind)} <= EXEMPT


@pytest.mark.parametrize("kind", Edit.__subclasses__(), ids=lambda kind: kind.__name__)
def test_every_edit_of_a_remedy_says_what_it_changes(kind: type) -> None:
    assert left_abstract(kind) == set()


def test_a_kind_that_says_nothing_is_found() -> None:
    """The control."""
    base = LAYERS["dense"].__mro__[1]
    assert {"bind", "block_shape", "initial", "views"} <= left_abstract(base)
    assert "sweep" in left_abstract(LAYERS["lstm"].__mro__[1]), "a property"
    assert left_abstract(Edit) == {"change"}
