"""What a base class leaves to each kind, each kind has: structs and Qt widgets cannot be abstract classes."""

import dis
import types

from engine import catalogue

# An input is given, joins have `bind_join`, and searching optimizers are driven by a search.
OTHERWISE = {
    *(("input", name) for name in ("bind", "output_shape")),
    *((kind, "bind") for kind in ("add", "multiply", "concat")),
    *((kind, "calls") for kind in ("steepest_descent", "conjugate_gradient", "lbfgs", "newton")),
}


def left_open(member: object) -> bool:
    """Whether a method does nothing but say that it has to be written."""
    function = member.fget if isinstance(member, property) else member
    if not isinstance(function, types.FunctionType) or "NotImplementedError" not in function.__code__.co_names:
        return False
    return len(list(dis.get_instructions(function))) < 16


def test_every_kind_has_what_its_base_leaves_to_it() -> None:
    tables = [table for table in vars(catalogue).values() if isinstance(table, dict)]
    kinds = {kind: cls for table in tables for kind, cls in table.items() if isinstance(cls, type)}
    assert len(kinds) > 80
    found = {(kind, name) for kind, cls in kinds.items() for name in dir(cls) if left_open(getattr(cls, name, None))}
    assert found == OTHERWISE
