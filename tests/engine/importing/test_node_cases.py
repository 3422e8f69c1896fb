"""Every case that ONNX has for its operators is imported and gives what is expected, or is refused by a known line."""

import re
from pathlib import Path

import pytest

from engine.importing.translate import OPERATORS
from tests.engine.importing.node_cases import all_cases, verdict

LISTS = Path(__file__).parent
IMPORTED = (LISTS / "imported_cases.txt").read_text(encoding="utf-8").split()
# Cases of operators that netviz knows: what of them it has not, and why.
REFUSED = dict(line.split("\t", 1) for line in (LISTS / "refused_cases.txt").read_text(encoding="utf-8").splitlines())
NO_LAYER = re.compile(r"(?P<kind>[\w.]+): netviz has no layer for it$")


@pytest.fixture(scope="module")
def cases() -> dict[str, object]:
    return {case.name: case for case in all_cases()}


def test_the_lists_name_each_case_once(cases: dict[str, object]) -> None:
    assert len(IMPORTED) == len(set(IMPORTED))
    assert not set(IMPORTED) & set(REFUSED)
    assert set(IMPORTED) | set(REFUSED) <= set(cases)
    assert len(IMPORTED) > 200


@pytest.mark.parametrize("name", IMPORTED)
def test_a_case_gives_what_is_expected(cases: dict[str, object], name: str) -> None:
    imported, why = verdict(cases[name])
    assert imported, why


@pytest.mark.slow
def test_every_other_case_is_refused_by_its_line(cases: dict[str, object]) -> None:
    """By name and operator; nothing but what is listed is refused of operators that netviz knows."""
    others = {name: verdict(case) for name, case in cases.items() if name not in set(IMPORTED)}
    assert [name for name, (imported, _) in others.items() if imported] == []
    told = {name: why for name, (_, why) in others.items()}
    unknown = {name: found for name, why in told.items() if (found := NO_LAYER.search(why)) is not None}
    for name, found in unknown.items():
        assert found["kind"] not in OPERATORS, told[name]
    assert {name: why for name, why in told.items() if name not in unknown} == REFUSED
