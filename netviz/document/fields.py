"""Fields by dotted name: what a form lists of a layer, the training or the data, and what a changed one makes of them.

Names are those of the project file below its section: `units`, `optimizer.lr`, `regularization.l2`, `kind`.
Everything here is a function of frozen values; a value that is not allowed raises ProjectError.
"""

import math
import typing
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import msgspec

from engine import spec
from engine.catalogue import DATASETS, LAYERS, LOSSES, OPTIMIZERS, SCHEDULES
from engine.course import EarlyStopping
from engine.data.augmentation import Augmentation
from engine.data.curriculum import Curriculum
from engine.data.source import DataSource, Summary
from engine.errors import Problem, ProjectError
from engine.layers.base import Activation, Layer
from engine.losses import Loss
from engine.spec import Declared, Property, build, unknown
from engine.training import Regularization, Settings, Training, training_from

NO_SCHEDULE = "none"
SECTIONS: dict[str, type[msgspec.Struct]] = {
    "early_stopping": EarlyStopping,
    "curriculum": Curriculum,
    "augmentation": Augmentation,
}
KINDS: dict[str, Mapping[str, type[Declared]]] = {"loss": LOSSES, "optimizer": OPTIMIZERS, "schedule": SCHEDULES}
ACTIVATIONS: dict[str, type[Layer]] = {kind: cls for kind, cls in LAYERS.items() if issubclass(cls, Activation)}

# Forms ask for them at every edit, and to read annotations takes long.
properties: Callable[[type[msgspec.Struct]], tuple[Property, ...]] = cache(spec.properties)


def titles(kinds: Mapping[str, type[Declared]]) -> dict[str, str]:
    """What people call each kind."""
    return {kind: cls.title or kind for kind, cls in kinds.items()}


def kind_property(name: str, label: str, words: str, kinds: Mapping[str, type[Declared]]) -> Property:
    """The choice among `kinds`, as a form shows it."""
    return Property(name=name, label=label, help=words, type="choice", default=None, choices=tuple(kinds))


def training_properties(training: Training) -> tuple[Property, ...]:
    """What a form shows of a training section, in reading order."""
    kinds = type(training.loss), type(training.optimizer), type(training.schedule) if training.schedule else None
    return _training_properties(*kinds, frozenset(name for name in SECTIONS if getattr(training, name) is not None))


@cache
def _training_properties(
    loss: type[Declared], optimizer: type[Declared], schedule: type[Declared] | None, there: frozenset[str]
) -> tuple[Property, ...]:
    plain = {p.name: p for p in properties(_PLAIN)}
    return (
        kind_property("loss.kind", "Loss", "What is made small", LOSSES),
        *under("loss", properties(loss)),
        kind_property("optimizer.kind", "Optimizer", "How a gradient becomes a step", OPTIMIZERS),
        *under("optimizer", properties(optimizer)),
        replace(
            kind_property("schedule.kind", "Schedule", "How the learning rate changes", SCHEDULES),
            choices=(NO_SCHEDULE, *SCHEDULES),
        ),
        *(under("schedule", properties(schedule)) if schedule is not None else ()),
        *(plain[name] for name in ("batch_size", "epochs", "seed", "shuffle")),
        *under("regularization", properties(Regularization)),
        plain["clip_value"],
        plain["clip_norm"],
        plain["first_weights"],
        plain["keep_zeros"],
        *(p for name in SECTIONS for p in _section(name, name in there)),
    )


def _section(name: str, is_there: bool) -> tuple[Property, ...]:
    """The fields of a section that is there or not: its first field switches it on and off."""
    cls = SECTIONS[name]
    first, *others = under(name, properties(cls))
    label, words = name.replace("_", " ").capitalize(), (cls.__doc__ or "").partition("\n")[0]
    return replace(first, label=label, help=words, optional=True), *(others if is_there else ())


def data_properties(data: DataSource) -> tuple[Property, ...]:
    return kind_property("kind", "Data", "Where examples come from", DATASETS), *properties(type(data))


def values(section: object, names: tuple[Property, ...]) -> dict[str, Any]:
    """The value of each property in `section`, by its dotted name."""
    return {p.name: value(section, p.name) for p in names}


def value(section: object, name: str) -> Any:
    """`optimizer.lr` of a training section, `kind` of anything declared; None below a section that is not there."""
    found: Any = section
    for step in name.split("."):
        if found is None:
            return NO_SCHEDULE if step == "kind" else None
        found = found.kind() if step == "kind" else getattr(found, step)
    return found


def label(names: tuple[Property, ...], name: str) -> str:
    """What a form calls the field `name`, inside a sentence."""
    text = next((p.label for p in names if p.name == name), name)
    # A capital at the start of a word is the form's; L1, ε and Std stay as they are in a sentence.
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def with_node_field(layer: Layer, node: str, field: str, new: object) -> Layer:
    if field not in layer.__struct_fields__:
        raise ProjectError(Problem(f"{node}.{field}", unknown("field", field, layer.__struct_fields__)))
    changed = {**msgspec.to_builtins(layer), field: _finite(new, f"{node}.{field}")}
    return build(LAYERS, changed, node)


def with_node_kind(layer: Layer, node: str, kind: str) -> Layer:
    """A layer of `kind` that keeps the fields which both kinds have."""
    return build(LAYERS, {"kind": kind, **_shared(layer, LAYERS.get(kind))}, node)


def with_training_field(training: Training, name: str, new: object) -> Training:
    data: dict[str, Any] = training.to_json()
    *steps, last = name.split(".")
    new = _finite(new, f"training.{name}")
    if last == "kind" and len(steps) == 1 and steps[0] in KINDS:
        (part,) = steps
        off = part == "schedule" and new == NO_SCHEDULE
        data[part] = None if off else {"kind": new, **_shared(getattr(training, part), KINDS[part].get(str(new)))}
    elif len(steps) == 1 and steps[0] in SECTIONS:
        (section,) = steps
        off = new is None and last == SECTIONS[section].__struct_fields__[0]
        data[section] = None if off else {**(data[section] or {}), last: new}
    else:
        at: Any = data
        for step in steps:
            at = at.get(step)
            if not isinstance(at, dict):
                raise ProjectError(Problem(f"training.{name}", "there is nothing of this name to set"))
        at[last] = new
    return training_from(data)


def with_data_field(data: DataSource, field: str, new: object) -> DataSource:
    """The source with one field changed; another `kind` takes along what was set by hand, not the old defaults."""
    built: dict[str, Any] = data.to_json()
    if field == "kind":
        cls = DATASETS.get(str(new))
        fields = cls.__struct_fields__ if cls is not None else ()
        built = {"kind": new, **{key: v for key, v in built.items() if key in fields}}
    else:
        built[field] = _finite(new, f"data.{field}")
    return build(DATASETS, built, "data")


def _shared(old: Declared | None, cls: type[Declared] | None) -> dict[str, Any]:
    """What a new kind takes along of the one before it: the fields that both have."""
    if old is None or cls is None:
        return {}
    both = (name for name in old.__struct_fields__ if name in cls.__struct_fields__)
    return {name: msgspec.to_builtins(getattr(old, name)) for name in both}


def _finite(new: object, where: str) -> object:
    # JSON has no word for NaN and infinity: the file would not come back.
    if isinstance(new, float) and not math.isfinite(new):
        raise ProjectError(Problem(where, f"expected a finite number, got {new}"))
    return new


def under(prefix: str, found: tuple[Property, ...]) -> tuple[Property, ...]:
    """The properties by their names below `prefix`, as `optimizer.lr`."""
    return tuple(
        replace(
            p,
            name=f"{prefix}.{p.name}",
            only_if=(f"{prefix}.{p.only_if[0]}", *p.only_if[1:]) if p.only_if is not None else None,
        )
        for p in found
    )


def _plain_settings() -> type[msgspec.Struct]:
    """The settings that are no section of their own and have a meaning in this version, declared as they are there."""
    hints = typing.get_type_hints(Settings, include_extras=True)
    defaults = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    names = ("clip_value", "clip_norm", "first_weights", "keep_zeros", "batch_size", "shuffle", "epochs", "seed")
    return msgspec.defstruct("Plain", [(name, hints[name], defaults[name]) for name in names])


_PLAIN = _plain_settings()


def losses_for(summary: Summary) -> tuple[str, ...]:
    """The losses that can be trained on such data, with one output or with one for each class or column."""
    return tuple(kind for kind, loss in LOSSES.items() if any(_fits(loss(), summary, k) for k in _outputs(summary)))


def _outputs(summary: Summary) -> set[int]:
    return {1, summary.classes} if summary.classes is not None else {summary.targets}


def _fits(loss: Loss, summary: Summary, units: int) -> bool:
    try:
        loss.targets(loss.example(summary), summary.classes, units)
    except ProjectError:
        return False
    return True
