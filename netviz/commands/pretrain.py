"""`netviz pretrain`: first weights for a deep network, one layer after another."""

import argparse
import sys

from engine.recipes.chain import blocks_of
from engine.recipes.greedy import Pretrained, pretrain
from engine.telemetry import one_blas_thread
from engine.weights import save_weights
from netviz.commands.bar import Bar
from netviz.commands.files import must_be_writable
from netviz.commands.settings import project_asked
from netviz.exit_status import DIVERGED, DONE


def run(options: argparse.Namespace) -> int:
    """Trains layer by layer and writes the weights; returns the exit status."""
    one_blas_thread()
    project = project_asked(options)
    blocks_of(project)
    must_be_writable({"--save": options.save}, {options.file: "the project"})
    bar, found = Bar(project.name, options.quiet), None
    work = pretrain(
        project, options.how, options.epochs, not options.untied, options.device, options.dtype, options.seed
    )
    try:
        for found in work:
            if not isinstance(found, Pretrained):
                bar.show(found, f"{found:.0%}")
    finally:
        bar.end()
    assert isinstance(found, Pretrained)
    save_weights(options.save, found.weights)
    if found.failure is not None:
        print(f"{options.file}: {found.blocks[-1].node}: {found.failure}", file=sys.stderr)
    if not options.quiet:
        print("\n".join(map(str, found.blocks)))
    return DONE if found.failure is None else DIVERGED
