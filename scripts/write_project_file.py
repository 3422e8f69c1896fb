"""Writes docs/project-file.md: every kind and field that a project file can name, as declared: `make project-file`."""

import inspect
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import msgspec.inspect as declared

from engine.catalogue import DATASETS, LAYERS, LOSSES, OPTIMIZERS, SCHEDULES
from engine.course import EarlyStopping
from engine.data.augmentation import Augmentation
from engine.data.curriculum import Curriculum
from engine.files import write_atomically
from engine.project import FIELDS, FORMAT, LONGEST_NOTES, VERSION
from engine.spec import Declared
from engine.training import Regularization, Settings

FILE = Path(__file__).parent.parent / "docs" / "project-file.md"
PARTS: dict[str, tuple[str, type[msgspec.Struct]]] = {
    "regularization": ("Penalties", Regularization),
    "early_stopping": ("Early stopping", EarlyStopping),
    "curriculum": ("Curriculum", Curriculum),
    "augmentation": ("Augmentation", Augmentation),
}
TOP = {
    "format": f'`"{FORMAT}"`; must be there',
    "version": f"whole number, now {VERSION}; a file of a later one is refused; must be there",
    "name": "text; left out, the file's name",
    "notes": f"what to do with it and what to look for: text of at most {LONGEST_NOTES} characters",
    "data": "what is learnt from: an object with a `kind`, see [Data](#data); must be there",
    "graph": "the network: `nodes` and `edges`, see [Layers](#layers); must be there",
    "training": "how it is trained, see [Training](#training); must be there",
    "variant": 'what this network is called beside its variants; `"A"` where it is left out',
    "variants": "other networks trained beside it: objects with `name` and any of `graph`, `training`, `layout` and "
    "`weights`; what one leaves out is the project's",
    "layout": "places on the canvas, `[x, y]` by node",
    "panels": "how the window stood; nothing in it changes a number",
    "weights": "file of the trained weights, beside the project",
}
HEAD = f"""\
# The project file

`NAME.netviz` is JSON. This page lists every kind and field there is, with what it is where it is left out and what is
allowed; it is written from the program's own declarations (`make project-file`), and a test holds it to them. Unknown
kinds and fields and values out of range are refused with a line that names the place.

A field of kind *number* takes whole numbers, too. *None* is `null`: the field is off. A field with *only where* is read
only where another field has one of those values. Relative paths begin at the project's folder.

```json
{{
  "format": "{FORMAT}", "version": {VERSION}, "name": "XOR",
  "data": {{"kind": "xor", "samples": 400, "noise": 0.1}},
  "graph": {{
    "nodes": [{{"id": "x", "kind": "input"}}, {{"id": "h1", "kind": "dense", "units": 4}},
              {{"id": "a1", "kind": "tanh"}}, {{"id": "out", "kind": "dense", "units": 1}}],
    "edges": [["x", "h1"], ["h1", "a1"], ["a1", "out"]]
  }},
  "training": {{"loss": {{"kind": "binary_cross_entropy"}}, "optimizer": {{"kind": "adam", "lr": 0.01}}}}
}}
```
"""


def page() -> str:
    """The whole text."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    yield HEAD
    yield from _table(("Field", "What it is"), ((f"`{name}`", TOP[name]) for name in FIELDS))
    yield from ("## Data", "", "`data` is one of these, by its `kind`.", "")
    yield from _kinds(DATASETS)
    yield from ("## Layers", "", "Each of `graph.nodes` has an `id` and is one of these, by its `kind`. An edge is", "")
    yield from ('`["from", "to"]`, or `["from", "to", input]` where a node has several ordered inputs.', "")
    groups = dict.fromkeys(cls.group for cls in LAYERS.values())
    for group in groups:
        yield from (f"### {group}", "")
        yield from _kinds({kind: cls for kind, cls in LAYERS.items() if cls.group == group}, "####")
    yield from ("## Training", "", "`training` has `loss`, `optimizer` and `schedule` (each by its `kind`; of these")
    yield from ("`schedule` may be left out or `null`), the parts below, and these fields.", "")
    yield from _fields(Settings, without=tuple(PARTS))
    for name, (title, cls) in PARTS.items():
        yield from (f"### {title}", "", f"`training.{name}`: {_purpose(cls)}", "")
        yield from _fields(cls)
    named = {"Losses": ("loss", LOSSES), "Optimizers": ("optimizer", OPTIMIZERS), "Schedules": ("schedule", SCHEDULES)}
    for title, (name, kinds) in named.items():
        yield from (f"### {title}", "", f"`training.{name}` is one of these, by its `kind`.", "")
        yield from _kinds(kinds, "####")


def _kinds(kinds: Mapping[str, type[Declared]], level: str = "###") -> Iterator[str]:
    for kind, cls in kinds.items():
        yield from (f"{level} `{kind}`", "", f"{cls.title or kind}. {_purpose(cls)}", "")
        yield from _fields(cls)


def _fields(cls: type[msgspec.Struct], without: tuple[str, ...] = ()) -> Iterator[str]:
    rows = []
    for field in declared.type_info(cls).fields:  # type: ignore[attr-defined]
        if field.name in without:
            continue
        said = _said(field.type)
        left_out = "must be given" if field.required else f"`{_plain(field.default)}`"
        words = ": ".join(filter(None, (said.get("title"), said.get("description"))))
        if "only_if" in said:
            name, *values = said["only_if"]
            words += f" (only where `{name}` is {', '.join(f'`{value}`' for value in values)})"
        unit = f" {said['unit']}" if "unit" in said else ""
        rows.append((f"`{field.name}`", _allowed(field.type) + unit, left_out, words))
    if rows:
        yield from _table(("Field", "Allowed", "Left out", "What it is"), rows)


def _said(of: declared.Type) -> dict[str, Any]:
    """What is said of a field, wherever in its type."""
    if isinstance(of, declared.UnionType):
        return {key: value for option in of.types for key, value in _said(option).items()}
    if isinstance(of, declared.Metadata):
        return {**_said(of.type), **(of.extra_json_schema or {}), **(of.extra or {})}
    return {}


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _purpose(cls: type[msgspec.Struct]) -> str:
    """What the class says of itself, up to its first empty line; of code's own names only the text stays."""
    text = inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0]
    return " ".join(text.split())


def _plain(value: Any) -> str:
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False)


def _allowed(of: declared.Type) -> str:
    """A type with its bounds, in words."""
    match of:
        case declared.Metadata():
            return _allowed(of.type)
        case declared.UnionType():
            return " or ".join("*None*" if isinstance(t, declared.NoneType) else _allowed(t) for t in of.types)
        case declared.LiteralType():
            return ", ".join(f"`{_plain(value)}`" for value in of.values)
        case declared.BoolType():
            return "`true`, `false`"
        case declared.IntType():
            return f"whole number{_bounds(of.gt, of.ge, of.lt, of.le)}"
        case declared.FloatType():
            return f"number{_bounds(of.gt, of.ge, of.lt, of.le)}"
        case declared.StrType():
            return f"text{_bounds(None, of.min_length, None, of.max_length, ' characters')}"
        case declared.TupleType():
            return f"[{'; '.join(_allowed(item) for item in of.item_types)}]"
        case declared.VarTupleType() | declared.ListType():
            low, high = of.min_length, of.max_length
            count = str(low) if low == high and low else _bounds(None, low, None, high).strip()
            return f"list of {count + ' × ' if count else ''}{_allowed(of.item_type)}"
    raise TypeError(f"no words for {of}")


def _bounds(gt: float | None, ge: float | None, lt: float | None, le: float | None, unit: str = "") -> str:
    found = [f"{sign} {_figure(at)}" for sign, at in ((">", gt), ("≥", ge), ("<", lt), ("≤", le)) if at is not None]
    return f" {' and '.join(found)}{unit}" if found else ""


def _figure(value: float) -> str:
    if value == 2**63 - 1:
        return "2⁶³ − 1"
    return f"{value:g}" if isinstance(value, float) else f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def main() -> int:
    write_atomically(FILE, page().encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
