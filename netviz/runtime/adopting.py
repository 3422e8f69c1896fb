"""What of an edited project goes into a run at once: rates, batch sizes and epochs."""

from collections.abc import Iterator

from engine.project import Project
from engine.run import messages as m


def adopted(before: Project, after: Project) -> Iterator[tuple[m.AnyCommand, str]]:
    """The commands that make the run of `before` that of `after`, and each in words; epochs need none."""
    for number, (old, new) in enumerate(zip(before.lanes(), after.lanes(), strict=True)):
        for words, a, b, command in (
            ("learning rate", old.training.optimizer.lr, new.training.optimizer.lr, m.SetLearningRate),
            ("batch size", old.training.batch_size, new.training.batch_size, m.SetBatchSize),
        ):
            if a != b:
                yield command(number, b), f"{words} of {old.variant} {a} → {b}"
    if before.training.epochs != after.training.epochs:
        yield m.SetEpochs(after.training.epochs), ""
