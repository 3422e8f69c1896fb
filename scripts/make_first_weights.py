"""Makes the weights that experiments begin with: a lottery ticket, layers trained one after another, another task's.

Their projects name the files, so those must be there, whatever they hold, before this is run.
"""

import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from engine.backend import Array
from engine.data.digits import Digits
from engine.project import Project, load_project
from engine.recipes.greedy import Given, How, Pretrained, pretrain
from engine.recipes.pruning import is_pruned, prune
from engine.telemetry import one_blas_thread
from engine.trainer import Trainer
from engine.weights import save_weights
from netviz.experiments import find_experiments

SHARES = (0.5, 0.8, 0.9)  # of all weights that are gone after each round
ROUNDS: dict[str, tuple[How, int]] = {"layer by layer": ("supervised", 5), "by autoencoders": ("autoencoder", 15)}


def main() -> int:
    one_blas_thread()
    lottery = project("lottery-ticket")
    kept = ticket(lottery)
    save(lottery, "ticket", kept)
    save(lottery, "drawn by lot", drawn_by_lot(kept, initial(lottery)))
    deep = project("pre-training")
    for lane, (how, epochs) in ROUNDS.items():
        *_, found = pretrain(deep, how, epochs)
        assert isinstance(found, Pretrained)
        save(deep, lane, found.weights)
    tuned = project("fine-tuning")
    learnt = of_other_digits(tuned)
    save(tuned, "from 0 to 4", {name: array for name, array in learnt.items() if not name.startswith("out.")})
    return 0


def of_other_digits(made: Project) -> dict[str, Array]:
    """What the network learns of the digits from 0 to 4."""
    own, data = made.lanes()[0], Digits().load(made.folder)
    low, low_val = data.y < 5, data.y_val < 5
    examples = replace(data, x=data.x[low], y=data.y[low], x_val=data.x_val[low_val], y_val=data.y_val[low_val])
    trainer = Trainer(replace(own, data=Given(examples=examples, preprocess=own.data.preprocess)))
    trainer.run(30 * trainer.steps_per_epoch)
    return trainer.network.parameters()


def ticket(made: Project) -> dict[str, Array]:
    """Trained, pruned, rewound, and so on round by round (Frankle and Carbin 2019)."""
    first = initial(made)
    kept, weights = first, trained(made, first)
    for share in SHARES:
        kept = prune(weights, share, first)
        weights = trained(made, kept)
    return kept


def drawn_by_lot(kept: dict[str, Array], first: dict[str, Array]) -> dict[str, Array]:
    """As many weights in each layer, from the same first numbers."""
    rng = np.random.default_rng(0)
    return {
        name: np.where(rng.permuted((kept[name] != 0).ravel()).reshape(array.shape), array, 0)
        if is_pruned(name, array)
        else array
        for name, array in first.items()
    }


def project(name: str) -> Project:
    return load_project(find_experiments()[name].path)


def initial(made: Project) -> dict[str, Array]:
    return Trainer(made.lanes()[0]).network.state()


def trained(made: Project, weights: dict[str, Array]) -> dict[str, Array]:
    """From `weights` on for the project's epochs; what is zero stays."""
    own = made.lanes()[0]
    trainer = Trainer(replace(own, training=msgspec.structs.replace(own.training, keep_zeros=True)))
    trainer.network.load_parameters(weights)
    trainer.run(own.training.epochs * trainer.steps_per_epoch)
    return trainer.network.state()


def save(made: Project, lane: str, weights: dict[str, Array]) -> None:
    path = Path(made.folder) / made.lane(lane).training.first_weights
    parameters = Trainer(made.lanes()[0]).network.parameters()
    save_weights(path, {name: weights[name].astype(np.float32) for name in parameters if name in weights})


if __name__ == "__main__":
    sys.exit(main())
