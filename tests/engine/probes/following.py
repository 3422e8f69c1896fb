"""Questions to the probe that follows an example, and what must hold of every answer."""

from typing import Any

import numpy as np

from engine.probes.arithmetic.lines import Section
from engine.probes.follow import Follow, FollowAnswer
from engine.trainer import Trainer
from tests.engine.probes.written import of_line, sum_of

STEP = 1e-6  # of finite differences


def ask(trainer: Trainer, **fields: Any) -> FollowAnswer:
    answer = Follow(**fields).measure(trainer)
    assert answer is not None
    return answer


def trained(made: Any, seed: int = 0) -> Trainer:
    """With every parameter at random, biases and norms too."""
    trainer = Trainer(made, dtype="float64")
    rng = np.random.default_rng(seed)
    own = trainer.network.parameters()
    trainer.network.load_parameters({name: rng.uniform(-1, 1, a.shape) for name, a in own.items()})
    return trainer


def gradients_of(answer: FollowAnswer) -> dict[str, Any]:
    return {node.node: node.gradients for node in answer.nodes}


def every_card(trainer: Trainer, **fields: Any) -> list[Section]:
    """What is written of every unit of every node, and of the loss."""
    structure, found = trainer.network.structure, list(ask(trainer, **fields).sections)
    for node in structure.order:
        for unit in range(int(np.prod(structure.shapes[node]))):
            found += ask(trainer, node=node, unit=unit, **fields).sections
    return found


def holds(sections: list[Section], rtol: float = 1e-9) -> None:
    """Every line is what its letters come to, and every sum the sum of its lines."""
    for section in sections:
        for line in section.lines:
            if line.text:
                np.testing.assert_allclose(of_line(line), line.value, rtol=rtol, atol=1e-13, err_msg=str(line))
        if section.adds:
            np.testing.assert_allclose(sum_of(section), section.value, rtol=rtol, atol=1e-13, err_msg=section.title)
