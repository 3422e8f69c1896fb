"""`netviz prune`: a weights file without its smallest weights, the others as they are or rewound."""

import argparse

import numpy as np

from engine.errors import Problem, ProjectError
from engine.recipes.pruning import is_pruned, prune
from engine.weights import load_weights, save_weights
from netviz.commands.files import must_be_writable
from netviz.exit_status import DONE


def run(options: argparse.Namespace) -> int:
    """Writes the weights and prints how many are left in each layer; returns the exit status."""
    if not 0 <= options.share < 1:
        raise ProjectError(Problem("--share", f"expected a number from 0 to below 1, got {options.share:g}"))
    read = {} if options.rewind is None else {options.rewind: "that of --rewind"}
    must_be_writable({"--save": options.save}, read)
    trained = load_weights(options.file)
    initial = None if options.rewind is None else load_weights(options.rewind)
    try:
        kept = prune(trained, options.share, initial, options.per_layer)
    except ValueError as error:
        raise ProjectError(Problem("--rewind" if initial is not None else "", str(error))) from None
    save_weights(options.save, kept)
    for name, array in kept.items():
        if is_pruned(name, array):
            left = np.count_nonzero(array)
            print(f"{name}: {left} of {array.size} left, {left / array.size:.1%}")
    return DONE
