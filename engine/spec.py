"""Declarations: a layer, loss, optimizer or data source is a frozen struct whose fields say all about themselves.

A field is `Annotated[type, msgspec.Meta(...)]` with a default. From the one declaration come the file
format, its errors, the property forms and the documentation.
"""

import re
import reprlib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from typing import Any, ClassVar, Literal, Self, TypeVar

import msgspec

from engine.errors import Problem, ProjectError

T = TypeVar("T", bound="Declared")
S = TypeVar("S", bound=msgspec.Struct)

# A size is a whole number or several, as a shape, or one of the choices; a table is rows of whole numbers; kernels are
# choices and tables of numbers; a list is of records, which a form counts but does not spell out.
FormType = Literal["int", "float", "bool", "choice", "text", "shape", "size", "numbers", "table", "kernels", "list"]

LONGEST = 60  # letters of a value that a message repeats


class Declared(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
):
    """Base of everything that a project file names by its `kind`."""

    title: ClassVar[str] = ""
    group: ClassVar[str] = ""

    @classmethod
    def kind(cls) -> str:
        """The name in project files, in snake case."""
        tag = cls.__struct_config__.tag
        assert isinstance(tag, str)
        return tag

    def to_json(self) -> dict[str, Any]:
        """The object of the project file: `kind`, then what differs from the defaults."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built

    def replace(self, field: str, value: object) -> Self:
        """A copy with one field changed, validated like a file; raises ProjectError."""
        data = {**msgspec.to_builtins(self), field: value}
        return convert(data, type(self), self.kind())


@dataclass(frozen=True, slots=True)
class Property:
    """One declared field, as a form shows it."""

    name: str
    label: str
    help: str
    type: FormType
    default: Any
    minimum: float | None = None
    maximum: float | None = None
    exclusive: bool = False  # the minimum itself is not allowed
    choices: tuple[str, ...] = ()
    unit: str = ""
    log: bool = False  # a slider over it wants a logarithmic scale
    optional: bool = False  # may be None
    only_if: tuple[str, ...] | None = None  # (field, value, ...): has a meaning only where the field has one of these


def properties(cls: type[msgspec.Struct]) -> tuple[Property, ...]:
    """The declared fields of `cls`, in order."""
    hints = typing.get_type_hints(cls, include_extras=True)
    found = []
    for field in msgspec.structs.fields(cls):
        hint = hints[field.name]
        default = None if field.default is msgspec.NODEFAULT else field.default
        found.append(_property(field.name, hint, default))
    return tuple(found)


def _property(name: str, hint: Any, default: Any) -> Property:
    hint, *metas = _annotated(hint)
    options = []
    for option in typing.get_args(hint) if _is_union(hint) else (hint,):
        plain_option, *inner = _annotated(option)
        options.append(plain_option)
        metas += inner

    def said(name: str) -> Any:
        return next((value for meta in metas if (value := getattr(meta, name)) is not None), None)

    extra = said("extra") or {}
    choices = tuple(
        c for o in [*options, *_items(options)] if typing.get_origin(o) is Literal for c in typing.get_args(o)
    )
    plain = [o for o in options if typing.get_origin(o) is not Literal and o is not type(None)]
    low = said("ge") if said("ge") is not None else said("gt")
    high = said("le") if said("le") is not None else said("lt")
    return Property(
        name=name,
        label=said("title") or name.replace("_", " ").capitalize(),
        help=said("description") or "",
        type="size" if len(plain) > 1 and plain[0] is int else _form_type(plain[0] if plain else str, not plain),
        default=default,
        minimum=low,
        maximum=high,
        exclusive=said("gt") is not None,
        choices=choices,
        unit=extra.get("unit", ""),
        log=extra.get("log", False),
        optional=type(None) in options,
        only_if=extra.get("only_if"),
    )


def _annotated(hint: Any) -> list[Any]:
    """The type and the Metas of an Annotated type; any other type alone."""
    return list(typing.get_args(hint)) if typing.get_origin(hint) is typing.Annotated else [hint]


def _items(options: list[Any]) -> list[Any]:
    """What the items of a row may be, where they may be several things."""
    rows = [typing.get_args(o)[0] for o in options if typing.get_origin(o) is tuple]
    return [option for item in rows if _is_union(item) for option in typing.get_args(item)]


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _form_type(python: Any, is_choice: bool) -> FormType:
    if is_choice:
        return "choice"
    if typing.get_origin(python) in (tuple, list):
        inner = _annotated(typing.get_args(python)[0])[0]
        if _is_union(inner):
            return "kernels"
        if typing.get_origin(inner) in (tuple, list):
            return "table" if _annotated(typing.get_args(inner)[0])[0] is int else "list"
        return "numbers" if inner is float else "shape"
    names: dict[Any, Literal["int", "float", "bool", "text"]] = {
        bool: "bool",
        int: "int",
        float: "float",
        str: "text",
    }
    return names[python]


def build(kinds: Mapping[str, type[T]], data: object, where: str) -> T:
    """The declared thing that `data`, an object with a `kind`, describes; raises ProjectError at `where`."""
    if not isinstance(data, dict):
        raise ProjectError(Problem(where, f"expected an object with a kind, got {show(data)}"))
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        raise ProjectError(Problem(f"{where}.kind", unknown("kind", kind, kinds)))
    return convert(data, kinds[kind], where)


def convert(data: object, cls: type[S], where: str) -> S:
    """`data` as a `cls`, strictly; a ProjectError names the field, what is allowed and what was there."""
    fields: tuple[str, ...] = cls.__struct_encode_fields__
    for name in data if isinstance(data, dict) else ():
        if name not in fields and name != cls.__struct_config__.tag_field:
            raise ProjectError(Problem(f"{where}.{name}".lstrip("."), unknown("field", name, fields)))
    try:
        made = msgspec.convert(data, cls, strict=True)
    except msgspec.ValidationError as error:
        raise ProjectError(_problem(str(error), data, cls, where)) from None
    for name in fields:
        # JSON has no NaN and no infinity, but a setting from the command line or from Python can be one.
        if isinstance(value := getattr(made, name), float) and not isfinite(value):
            raise ProjectError(Problem(f"{where}.{name}".lstrip("."), f"expected a finite number, got {value}"))
    return made


def unknown(what: str, name: object, allowed: Mapping[str, Any] | tuple[str, ...]) -> str:
    """One line for a name that is not one of `allowed`, with the nearest one if there is one near."""
    near = get_close_matches(name, list(allowed), 1) if isinstance(name, str) else []
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return f"unknown {what} {show(name)}{hint}, allowed: {', '.join(allowed)}"


def _problem(message: str, data: object, cls: type[msgspec.Struct], where: str) -> Problem:
    """msgspec's words, with the value that was found and the choices that are allowed."""
    text, _, path = message.partition(" - at `$")
    keys = re.findall(r"\.(\w+)|\[(\d+)\]", path)
    value: Any = data
    for name, index in keys:
        try:
            value = value[name] if name else value[int(index)]
        except (KeyError, IndexError, TypeError):  # a key in the file that looks like a path
            break
    dotted = ".".join(filter(None, [where, *(name or index for name, index in keys)]))
    if match := re.search(r"unknown field `(.+)`", text, re.DOTALL):
        return Problem(f"{dotted}.{match[1]}", f"unknown field {show(match[1])}")
    if match := re.search(r"required field `(.+)`", text):
        return Problem(f"{dotted}.{match[1]}".lstrip("."), "is missing")
    if "enum value" in text and len(keys) == 1:
        field = _property(keys[0][0], typing.get_type_hints(cls, include_extras=True)[keys[0][0]], None)
        beside = {"int": ("a whole number",), "float": ("a number",)}.get(field.type, ())
        return Problem(dotted, unknown("value", value, (*field.choices, *beside)))
    expected = text[0].lower() + text[1:]
    expected = re.sub(r", got (`.*`|\d+)$", "", expected).replace("`", "")
    return Problem(dotted, f"{expected}, got {show(value)}")


_BRIEF = reprlib.Repr()
_BRIEF.maxlevel, _BRIEF.maxstring, _BRIEF.maxother, _BRIEF.maxlong = 3, LONGEST, LONGEST, LONGEST


def show(value: object) -> str:
    """`value` in a few words, however long or deep it is."""
    try:
        text = _BRIEF.repr(value)
    except ValueError:  # Python writes no whole number of more than 4300 digits
        text = "a number of too many digits"
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
