"""Prints what training takes of memory over what it needs at least, at two moments; run as a process of its own."""

import gc
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import engine
from benchmarks.step import ADAM, CLASSES, Case

CASE = Case((2000, 3000, 3000, 10), "relu", CLASSES, ADAM, goal=1.5, batch=64, samples=320)
SMALL = Case((20, 30, 10), "relu", CLASSES, ADAM, goal=1.5, batch=64, samples=320)
KIB = 1024


def resident() -> int:
    """Bytes of this process that lie in memory."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) * KIB


def main() -> None:
    project = CASE.project(Path())
    project.data.load(Path())
    engine.Trainer(SMALL.project(Path())).run(3)  # what kernels are compiled with is there once, whatever is trained
    gc.collect()
    before = resident()
    trainer = engine.Trainer(project)
    trainer.run(20)
    trained = resident() - before
    trainer.step(layers=True)
    looked = resident() - before
    vectors = 2 + len(trainer.optimizer.slots)  # values, gradients and the optimizer's
    plan = trainer.network.plan(CASE.batch, "train")
    held = sum(v.with_one.nbytes + (0 if v.grad is None else v.grad.nbytes) for v in plan.vars.values())
    least = vectors * trainer.parameters.values.nbytes + held
    print(f"after 20 steps {trained / least}")
    print(f"after a look at the layers {looked / least}")


if __name__ == "__main__":
    main()
