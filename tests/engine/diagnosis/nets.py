"""Small projects, trained under a diagnosis."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from engine.diagnosis import Diagnosis
from engine.divergence import DivergenceError
from engine.project import Project, project_from
from engine.trainer import Score, Trainer

JSON = dict[str, Any]


def chained(*layers: JSON) -> JSON:
    """A graph of layers that have ids, one behind another."""
    nodes = [{"id": "x", "kind": "input"}, *layers]
    return {"nodes": nodes, "edges": [[a["id"], b["id"]] for a, b in pairwise(nodes)]}


def deep(depth: int, width: int, act: str, **fields: Any) -> JSON:
    """h1, a1, h2, a2, …, out."""
    layers: list[JSON] = []
    for i in range(1, depth + 1):
        layers += [{"id": f"h{i}", "kind": "dense", "units": width, **fields}, {"id": f"a{i}", "kind": act}]
    return chained(*layers, {"id": "out", "kind": "dense", "units": 1})


def project(
    graph: JSON,
    data: JSON | str = "circles",
    folder: Path = Path(),
    loss: str = "binary_cross_entropy",
    **training: Any,
) -> Project:
    source = {"kind": data, "noise": 0.05} if isinstance(data, str) else data
    training = {"loss": {"kind": loss}, "optimizer": {"kind": "adam", "lr": 0.01}, **training}
    content = {"format": "netviz-project", "version": 1, "data": source, "graph": graph, "training": training}
    return project_from(content, folder, "case")


def trained(project: Project, steps: int = 300) -> tuple[Diagnosis, Score, Score | None]:
    """Trains as `netviz train --diagnose` does; the diagnosis, and the scores at the end."""
    trainer = Trainer(project)
    diagnosis = Diagnosis.of(trainer)
    with np.errstate(all="ignore"):
        for step in range(steps):
            epoch = trainer.epoch
            try:
                if diagnosis.wants(step):
                    record = trainer.step(layers=True)
                    diagnosis.see(record.step, record.loss, record.layers, record.lr)
                else:
                    trainer.update()
            except DivergenceError as error:
                diagnosis.diverged(error)
                break
            if trainer.epoch > epoch:
                train, validation = trainer.evaluate()
                diagnosis.epoch(train.loss, None if validation is None else validation.loss)
        return diagnosis, *trainer.evaluate()
