"""The page of the project file is that of the declarations, and its example is a project."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from engine.catalogue import DATASETS, LAYERS, LOSSES, OPTIMIZERS, SCHEDULES
from engine.course import EarlyStopping
from engine.data.augmentation import Augmentation
from engine.data.curriculum import Curriculum
from engine.project import FIELDS, project_from
from engine.spec import properties
from engine.training import Regularization, Settings
from scripts.write_project_file import FILE, page

PAGE = FILE.read_text("utf-8")
TABLES = {
    "## Data": DATASETS,
    "## Layers": LAYERS,
    "### Losses": LOSSES,
    "### Optimizers": OPTIMIZERS,
    "### Schedules": SCHEDULES,
}
KINDS = [(after, kind, cls) for after, table in TABLES.items() for kind, cls in table.items()]
PARTS = {
    "Penalties": Regularization,
    "Early stopping": EarlyStopping,
    "Curriculum": Curriculum,
    "Augmentation": Augmentation,
}


def section(heading: str, after: str = "") -> str:
    """The text between this heading and the next; of several of a name, of the first behind `after`."""
    text = PAGE[PAGE.index(f"\n{after}\n" if after else "") :]
    (found,) = re.findall(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#)", text + "\n#", re.MULTILINE | re.DOTALL)[:1]
    return found


def row(text: str, field: str) -> str:
    (found,) = re.findall(rf"^\| `{field}` \|.*$", text, re.MULTILINE)
    return found


def check_fields(text: str, cls: type[msgspec.Struct]) -> None:
    """Each field has one row with its default, its bounds and what it is called."""
    required = {field.name for field in msgspec.structs.fields(cls) if field.required}
    for field in properties(cls):
        found = row(text, field.name).replace("\N{NARROW NO-BREAK SPACE}", "")
        default = "must be given" if field.name in required else f"`{json.dumps(msgspec.to_builtins(field.default))}`"
        assert f"| {default} |" in found, field.name
        assert f"| {field.label}" in found
        assert all(f'`"{choice}"`' in found for choice in field.choices)
        for sign, bound in ((">" if field.exclusive else "≥", field.minimum), ("", field.maximum)):
            if bound is not None:
                figure = "2⁶³ − 1" if bound == 2**63 - 1 else f"{bound:g}" if isinstance(bound, float) else str(bound)
                assert re.search(rf"{sign} {re.escape(figure)}\b", found), (field.name, sign, figure)
    assert len(re.findall(r"^\| `", text, re.MULTILINE)) == len(msgspec.structs.fields(cls))


def test_it_is_what_make_project_file_writes() -> None:
    assert page() == PAGE, "run `make project-file`"


@pytest.mark.parametrize(("after", "kind", "cls"), KINDS, ids=lambda given: given if isinstance(given, str) else "")
def test_every_kind_has_its_fields(after: str, kind: str, cls: type[msgspec.Struct]) -> None:
    check_fields(section(f"`{kind}`", after), cls)


@pytest.mark.parametrize("title", PARTS)
def test_every_part_of_the_training_has_its_fields(title: str) -> None:
    check_fields(section(title, "## Training"), PARTS[title])


def test_the_page_has_all_sections_of_a_file_and_of_its_training() -> None:
    head, training = PAGE.partition("## Data")[0], section("Training")
    assert all(row(head, field) for field in FIELDS)
    plain = set(Settings.__struct_fields__) - {"regularization", "early_stopping", "curriculum", "augmentation"}
    assert len(plain) > 5
    assert all(row(training, field) for field in plain)


def test_its_example_is_a_project() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert project_from(json.loads(example), Path()).problems() == []
