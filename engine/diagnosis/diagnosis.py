"""The diagnosis of a run: fed with looks, it says what is wrong, since when, and what began first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING

import msgspec

from engine.diagnosis.edits import Remedy
from engine.diagnosis.facts import Facts, facts
from engine.diagnosis.record import LayerNumbers, Record
from engine.diagnosis.remedies import Ward, remedies
from engine.diagnosis.symptoms import SYMPTOMS
from engine.diagnosis.symptoms.base import NETWORK, Symptom, listed
from engine.diagnosis.symptoms.flow import LEARNT
from engine.divergence import DivergenceError

if TYPE_CHECKING:
    from engine.graph import Structure
    from engine.project import Project
    from engine.trainer import Trainer

NAN = "nan"
FIRST, FEW, MANY = 50, 5, 5000
WOUND = 50  # steps after its end in which a fault may still be the cause of what begins
ORDER = {symptom.name: place for place, symptom in enumerate(SYMPTOMS)}


class Health(Enum):
    """How a layer fares. Under watch is one over a threshold, but not yet for long enough."""

    FINE = "fine"
    WATCH = "watch"
    TROUBLE = "trouble"


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong, from step `began` on. Without nodes it concerns the whole network."""

    symptom: str
    title: str
    nodes: tuple[str, ...]
    began: int
    severity: Health
    sentence: str
    cause: bool = False  # the earliest of those that stand: what to cure first
    ended: int | None = None  # the step at which it was gone again
    remedies: tuple[Remedy, ...] = ()


class _Case:
    """A symptom at one node: how long its number has been over the threshold, or below it again."""

    __slots__ = ("began", "clear", "over", "raised", "said", "under")

    def __init__(self, step: int) -> None:
        self.began, self.over, self.under, self.raised = step, 0.0, 0, False
        self.clear = False  # whether the threshold itself was reached, by which it is then dated
        self.said = ""  # in numbers of the look at which it was raised


class Diagnosis:
    """Takes what a worker sees of a run, step by step; `findings` are what stands now, the cause first.

    Everything follows from what it was shown, so the same run has the same findings. After a jump to another step
    begin a new one.
    """

    def __init__(self, known: Facts, project: Project | None = None, structure: Structure | None = None) -> None:
        """`project` and its `structure` are what remedies are made for; without them there are none."""
        self.record = Record(known)
        self.past: list[Finding] = []  # those that are gone again
        self._project, self._structure = project, structure
        self._cases: dict[tuple[str, str], _Case] = {}
        self._failure: DivergenceError | None = None
        early = [s for s in SYMPTOMS if s.needs or s.name == "alike"]
        self._at_start = tuple(early)
        self._by_step = tuple(s for s in SYMPTOMS if s not in early and s.looks_at == "step")
        self._by_epoch = tuple(s for s in SYMPTOMS if s not in early and s.looks_at == "epoch")

    @classmethod
    def of(cls, trainer: Trainer) -> Diagnosis:
        """A diagnosis of `trainer` as it stands, before its first step."""
        return cls(facts(trainer), trainer.project, trainer.network.structure)

    # What it is shown

    @staticmethod
    def wants(step: int) -> bool:
        """Whether to look at this step's layers: most faults begin in the first steps, the rest are sampled."""
        return step < FIRST or step % (FIRST if step > MANY else FEW) == 0

    def see(self, step: int, loss: float, layers: LayerNumbers | None = None, rate: float | None = None) -> None:
        """One look at a step, counted from 0; with `layers` as `Trainer.step(layers=True)` gives them."""
        self.record.take(step, loss, layers)
        if rate is not None:
            self.record.rate = rate
        self._judge(self._by_step)
        if self.record.looks == 1:
            self._judge(s for s in self._at_start if not s.needs)

    def epoch(self, train: float, validation: float | None, number: int | None = None) -> None:
        """The losses at the end of epoch `number`, counted from 1; by itself, of the next one."""
        self.record.end_epoch(train, validation, number)
        if validation is not None:
            self._judge(self._by_epoch)

    def diverged(self, failure: DivergenceError) -> None:
        """The loss is no number: what leads there is raised if it was under watch, there is no more to wait for."""
        self._failure = failure
        for symptom in SYMPTOMS:
            for (name, node), case in self._cases.items():
                if name == symptom.name and symptom.ends_in_nan and not case.raised:
                    self._raise(symptom, node, case)

    def _judge(self, symptoms: Iterable[Symptom]) -> None:
        cases, step = self._cases, self.record.step
        learnt = self.record.level < LEARNT
        for symptom in symptoms:
            name = symptom.name
            seen = set()
            for node, number in symptom.measure(self.record):
                slow = symptom.slow and node == NETWORK
                if number < symptom.off and not slow:
                    continue
                key = (name, node)
                case = cases.get(key)
                if case is not None and case.raised:
                    case.under = 0
                elif (learnt and symptom.lasting) or not (slow or number >= symptom.on):
                    continue  # below the threshold again before it counted
                else:
                    if case is None:
                        case = cases[key] = _Case(step)
                    if self._counts(symptom, case, number):
                        self._raise(symptom, node, case)
                seen.add(key)
            if cases:
                self._quieten(symptom, seen)

    def _counts(self, symptom: Symptom, case: _Case, number: float) -> bool:
        """Whether with this look the number has been too high for long enough."""
        if number < symptom.on:
            case.over += number / symptom.on
        else:
            case.over += 1.0
            if not case.clear:
                case.began, case.clear = self.record.step, True
        return case.over >= symptom.patience

    def _raise(self, symptom: Symptom, node: str, case: _Case) -> None:
        case.raised, case.said = True, symptom.say(self.record, [node])

    def _quieten(self, symptom: Symptom, seen: set[tuple[str, str]]) -> None:
        """Cases not seen are forgotten, or withdrawn once they have been clearly gone for long enough."""
        for key in [key for key in self._cases if key[0] == symptom.name and key not in seen]:
            case = self._cases[key]
            case.under += 1
            if not case.raised:
                del self._cases[key]
            elif case.under >= symptom.quiet:
                gone_again = self._finding(symptom, [key[1]], case.began, said=case.said)
                self.past.append(msgspec.structs.replace(gone_again, ended=self.record.step))
                del self._cases[key]

    # What it says

    def findings(self) -> tuple[Finding, ...]:
        """What is wrong now, by when it began; the first one is the cause of the rest.

        A fault whose own signs are gone stays the cause of what began meanwhile and still stands: units that one
        long step has killed are dead, however short the steps are now.
        """
        found = [f for s in SYMPTOMS if (f := self._standing(s)) is not None]
        if self._failure is not None:
            found.append(self._no_number(self._failure))
        if not found:
            return ()
        first = min(finding.began for finding in found)
        standing = {finding.symptom for finding in found}
        gone = [p for p in self.past if p.symptom not in standing and p.began <= first <= (p.ended or 0) + WOUND]
        found += _joined(gone)
        raised = {finding.symptom for finding in found}
        found += [f for s in self._at_start if (f := self._predisposed(s, raised)) is not None]
        found.sort(key=lambda finding: (finding.began, ORDER.get(finding.symptom, len(ORDER))))
        return tuple(msgspec.structs.replace(f, cause=index == 0) for index, f in enumerate(found))

    def watched(self) -> tuple[Finding, ...]:
        """What is over its threshold but has not been for long enough."""
        found = []
        for symptom in SYMPTOMS:
            cases = [(node, case) for (name, node), case in self._cases.items() if name == symptom.name]
            pending = [(node, case) for node, case in cases if not case.raised]
            if pending:
                began = min(case.began for _, case in pending)
                found.append(self._finding(symptom, [node for node, _ in pending], began, Health.WATCH))
        return tuple(found)

    def report(self) -> str:
        """All findings as lines of text."""
        lines = []
        for finding in self.findings():
            where = f" in {listed(finding.nodes)}" if finding.nodes else ""
            until = "" if finding.ended is None else f" until step {finding.ended}"
            mark = ", the cause" if finding.cause else ""
            lines.append(f"{finding.title}{where}, since step {finding.began}{until}{mark}: {finding.sentence}")
            lines += [f"  try: {remedy.title}" for remedy in finding.remedies]
        told = {finding.symptom for finding in self.findings()}
        for past in _joined([past for past in self.past if past.symptom not in told]):
            lines.append(f"{past.title}, gone again: from step {past.began} to {past.ended}")
        return "\n".join(lines) or f"nothing wrong in {self.record.looks} looks"

    def health(self, node: str) -> Health:
        """How `node` fares: what concerns the whole network is not counted."""
        found = Health.FINE
        for (_, where), case in self._cases.items():
            if where == node:
                if case.raised:
                    return Health.TROUBLE
                found = Health.WATCH
        if self._failure is not None and self._failure.node == node:
            return Health.TROUBLE
        return found

    def _standing(self, symptom: Symptom) -> Finding | None:
        cases = [(node, case) for (name, node), case in self._cases.items() if name == symptom.name and case.raised]
        if not cases:
            return None
        return self._finding(symptom, [node for node, _ in cases], min(case.began for _, case in cases))

    def _predisposed(self, symptom: Symptom, raised: set[str]) -> Finding | None:
        """What lay there before the first step, if one of its consequences is there now."""
        if not raised.intersection(symptom.needs):
            return None
        nodes = [node for node, number in symptom.measure(self.record) if number >= symptom.on]
        return self._finding(symptom, nodes, 0) if nodes else None

    def _finding(
        self,
        symptom: Symptom,
        nodes: Sequence[str],
        began: int,
        severity: Health = Health.TROUBLE,
        said: str = "",
    ) -> Finding:
        return Finding(
            symptom=symptom.name,
            title=symptom.title,
            nodes=tuple(node for node in nodes if node != NETWORK),
            began=began,
            severity=severity,
            sentence=said or symptom.say(self.record, nodes),
            remedies=self._remedies(symptom.name, nodes),
        )

    def _no_number(self, failure: DivergenceError) -> Finding:
        return Finding(
            symptom=NAN,
            title="The loss is no number",
            nodes=(failure.node,),
            began=failure.step,
            severity=Health.TROUBLE,
            sentence=f"The loss became no number at step {failure.step}: it began in {failure.node}, {failure.reason}.",
            remedies=self._remedies(NAN, [failure.node]),
        )

    def _remedies(self, name: str, nodes: Sequence[str]) -> tuple[Remedy, ...]:
        if self._project is None or self._structure is None:
            return ()
        return remedies(name, [n for n in nodes if n], Ward(self._project, self._structure, self.record))


def _joined(past: Sequence[Finding]) -> list[Finding]:
    """One finding for each symptom, of all its nodes and from its first beginning to its last end."""
    joined: dict[str, Finding] = {}
    for one in past:
        other = joined.get(one.symptom, one)
        joined[one.symptom] = msgspec.structs.replace(
            other,
            nodes=tuple(dict.fromkeys((*other.nodes, *one.nodes))),
            began=min(other.began, one.began),
            ended=max(other.ended or 0, one.ended or 0),
        )
    return list(joined.values())
