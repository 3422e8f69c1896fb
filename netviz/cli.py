"""The commands that need no window: no Qt, no display. One line for what is wrong, never a traceback."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from engine.errors import DeviceError, ProjectError, one_line
from netviz.exit_status import BAD_INPUT, INTERRUPTED
from netviz.options import WindowOptions

STEPS = "how many updates"
EPOCHS = "how many epochs, the project's by default"
SEED = "of first weights and batches, the project's by default"
BEHIND = ("worker", "answer", "devices")  # processes behind a window, of no use to a person


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SystemExit(_refused(f"{self.prog}: {message} (see {self.prog} --help)"))


def window_arguments(arguments: list[str]) -> WindowOptions:
    """The options of `netviz [FILE]`; exits with 2 for others."""
    parser = _Parser(
        "netviz",
        description="An oscilloscope for neural networks.",
        epilog="Commands without a window: " + ", ".join(n for n in COMMANDS if n not in BEHIND) + ".",
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a project to open")
    parser.add_argument("--demo", action="store_true", help="open XOR; without a display, train it and save pictures")
    parser.add_argument(
        "--theme", choices=("system", "dark", "light"), default="system", help="as it was last, by default"
    )
    parser.add_argument(
        "--worker", choices=("process", "thread"), help="where training runs; as it was last, by default"
    )
    found = parser.parse_args(arguments)
    return WindowOptions(found.file, found.demo, found.theme, found.worker or "")


def run_command(arguments: list[str]) -> int:
    """Runs one of COMMANDS; returns the exit status."""
    parser = _Parser("netviz")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    for name, command in COMMANDS.items():
        command.declare(commands.add_parser(name, help=command.help, description=command.title))
    options = parser.parse_args(arguments)
    try:
        return COMMANDS[options.command].run(options)
    except (ProjectError, DeviceError) as error:
        file = getattr(options, "file", None)
        message = f"--device: {error}" if isinstance(error, DeviceError) else str(error)
        return _refused(f"{file}: {message}" if file is not None else message)
    except MemoryError as error:
        told = " ".join(str(error).split())
        return _refused(f"{getattr(options, 'file', options.command)}: memory is short{told and ': '}{told}")
    except BrokenPipeError:
        sys.stderr.close()  # somebody closed the pipe that we print into: there is nobody to tell
        return 1
    except OSError as error:  # a file that could not be written after all
        return _refused(": ".join(str(part) for part in (error.filename, error.strerror) if part))
    except KeyboardInterrupt:
        return INTERRUPTED


def _refused(why: str) -> int:
    print(one_line(why), file=sys.stderr)
    return BAD_INPUT


@dataclass(frozen=True, slots=True)
class Command:
    """`module` of netviz/commands runs it; it is imported when it is asked for, not before."""

    help: str
    declare: Callable[[argparse.ArgumentParser], None]
    module: str

    @property
    def title(self) -> str:
        return f"{self.help[0].upper()}{self.help[1:]}."

    def run(self, options: argparse.Namespace) -> int:
        return int(import_module(f"netviz.commands.{self.module}").run(options))


def _declare_train(parser: argparse.ArgumentParser) -> None:
    _declare_project(parser)
    _declare_length(parser)
    _declare_trainer(parser)
    parser.add_argument("--variant", metavar="NAME", help="train this one of the project's networks")
    parser.add_argument("--init", type=Path, metavar="W.safetensors", help="weights to begin with")
    parser.add_argument("--fitting", action="store_true", help="take only those whose name and shape fit")
    parser.add_argument("--save", type=Path, metavar="W.safetensors", help="where trained weights go")
    parser.add_argument("--export", type=Path, metavar="M.onnx", help="where the trained network goes as ONNX")
    parser.add_argument("--telemetry", type=Path, metavar="T.jsonl", help="where telemetry goes; a table if T.csv")
    parser.add_argument("--tensorboard", type=Path, metavar="DIR", help="where telemetry goes as TensorBoard's events")
    parser.add_argument("--every", type=_positive, default=1, metavar="K", help="telemetry at every K-th step")
    parser.add_argument("--report", type=Path, metavar="R.html", help="where a page about the run goes")
    parser.add_argument("--diagnose", action="store_true", help="say at the end what was wrong, on standard error")
    _declare_set(parser)
    parser.add_argument("--quiet", action="store_true", help="no bar and no summary")


def _declare_report(parser: argparse.ArgumentParser) -> None:
    _declare_network(parser, "weights to tell of as they are; without them the project is trained")
    _declare_length(parser)
    _declare_trainer(parser)
    parser.add_argument("--quiet", action="store_true", help="no bar, and not the file's name")
    parser.add_argument("out", type=Path, metavar="OUT.html", help="the page to write")


def _declare_pretrain(parser: argparse.ArgumentParser) -> None:
    _declare_project(parser)
    parser.add_argument(
        "--how", required=True, choices=("supervised", "autoencoder"), help="by the task, or by reconstruction"
    )
    parser.add_argument("--epochs", type=_positive, default=10, metavar="N", help="of each layer, 10 by default")
    parser.add_argument("--untied", action="store_true", help="an autoencoder's decoder has weights of its own")
    parser.add_argument("--save", type=Path, required=True, metavar="W.safetensors", help="where the weights go")
    _declare_trainer(parser)
    parser.add_argument("--variant", metavar="NAME", help="take this one of the project's networks")
    _declare_set(parser)
    parser.add_argument("--quiet", action="store_true", help="no bar and no summary")


def _declare_prune(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="WEIGHTS", help="trained weights")
    parser.add_argument("--share", type=float, required=True, metavar="S", help="how much of all weights is set to 0")
    parser.add_argument("--rewind", type=Path, metavar="W.safetensors", help="weights that the others go back to")
    parser.add_argument("--per-layer", action="store_true", help="the share of each layer, not of all together")
    parser.add_argument("--save", type=Path, required=True, metavar="W.safetensors", help="where the weights go")


def _declare_predict(parser: argparse.ArgumentParser) -> None:
    _declare_network(parser, f"{WEIGHTS}; of several files the mean is taken", several=True)
    parser.add_argument("--input", type=Path, required=True, metavar="X.npz", help="examples, the array x")
    parser.add_argument("--output", type=Path, required=True, metavar="Y.npz", help="where the outputs go, the array y")
    parser.add_argument(
        "--views", type=int, metavar="N", help="mean over N views, changed by the project's augmentation"
    )


def _declare_export(parser: argparse.ArgumentParser) -> None:
    _declare_network(parser)
    parser.add_argument("--to", required=True, choices=("onnx", "torch"), help="an ONNX model or a PyTorch module")
    parser.add_argument("--fuse", action="store_true", help="fold batch norm into the dense layers beside it")
    parser.add_argument("--save", type=Path, metavar="W.safetensors", help="where the weights that go with it go")
    parser.add_argument("out", type=Path, metavar="OUT", help="the file to write")


def _declare_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="M.onnx", help="the model to read")
    parser.add_argument("out", type=Path, metavar="PROJECT.netviz", help="the project to write, its weights beside it")
    parser.add_argument(
        "--output", metavar="NAME", help="the model's value that the network gives, if there are several"
    )
    parser.add_argument(
        "--shape", type=_shape, metavar="CxHxW", help="an example's lengths, if the model leaves them open"
    )


def _declare_project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the project, NAME.netviz")


def _declare_length(parser: argparse.ArgumentParser) -> None:
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=_count, metavar="N", help=STEPS)
    length.add_argument("--epochs", type=_count, metavar="N", help=EPOCHS)


def _declare_trainer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, metavar="S", help=SEED)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument("--dtype", default="float32", choices=("float32", "float64"), help="float32 by default")


WEIGHTS = "trained weights; else those saved with the project"


def _declare_network(parser: argparse.ArgumentParser, weights: str = WEIGHTS, several: bool = False) -> None:
    _declare_project(parser)
    many = {"nargs": "+", "action": "extend"} if several else {}
    parser.add_argument("--weights", type=Path, metavar="W.safetensors", help=weights, **many)
    parser.add_argument("--variant", metavar="NAME", help="take this one of the project's networks")
    _declare_set(parser)


def _declare_check(parser: argparse.ArgumentParser) -> None:
    _declare_project(parser)
    parser.add_argument("--gradients", action="store_true", help="check every gradient by finite differences")
    parser.add_argument(
        "--overfit",
        type=_positive,
        nargs="?",
        const=0,
        metavar="N",
        help="learn a few examples by heart, or N of them",
    )
    parser.add_argument(
        "--rates",
        type=Path,
        nargs="?",
        const=Path(),
        metavar="OUT.csv",
        help="find a learning rate; the curve goes to the file",
    )
    _declare_set(parser)


def _declare_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        dest="settings",
        help="set a field of the project, nodes by id: graph.nodes.h1.units=4",
    )


def _declare_film(parser: argparse.ArgumentParser) -> None:
    _declare_project(parser)
    parser.add_argument("out", type=Path, metavar="OUT", help="the film to write: .webp, .gif or .mp4")
    parser.add_argument("--panel", default="boundary", metavar="NAME", help="a panel by its name, network or window")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=_positive, metavar="N", help=STEPS)
    length.add_argument("--epochs", type=_positive, metavar="N", help=EPOCHS)
    parser.add_argument("--every", type=_positive, default=1, metavar="K", help="a frame every K epochs, or steps")
    parser.add_argument("--fps", type=_positive, default=20, metavar="F", help="frames a second")
    parser.add_argument("--size", type=_size, default=(640, 480), metavar="WxH", help="of what is drawn, in pixels")
    parser.add_argument("--scale", type=_positive, default=1, metavar="S", help="pixels for each of these")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark", help="dark by default")
    parser.add_argument("--exact", action="store_true", help="WebP: every pixel as it was drawn, in a larger file")
    parser.add_argument("--seed", type=int, metavar="S", help=SEED)
    parser.add_argument("--variant", metavar="NAME", help="show this one of the project's networks alone")
    _declare_set(parser)
    parser.add_argument("--quiet", action="store_true", help="no count of frames, and not the file's name")


def _declare_experiments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--copy", nargs=2, metavar=("NAME", "DIR"), help="copy an experiment's file to a folder")


def _declare_nothing(parser: argparse.ArgumentParser) -> None:
    """The command takes no arguments."""


def _count(text: str) -> int:
    return _whole(text, 0)


def _positive(text: str) -> int:
    return _whole(text, 1)


def _size(text: str) -> tuple[int, int]:
    width, cross, height = text.lower().replace("×", "x").partition("x")
    if not cross:
        raise argparse.ArgumentTypeError(f"expected a size such as 640x480, got {text!r}")
    return _whole(width, 1), _whole(height, 1)


def _shape(text: str) -> tuple[int, ...]:
    return tuple(_whole(part, 1) for part in text.lower().replace("×", "x").split("x"))


def _whole(text: str, least: int) -> int:
    if not text.isdecimal() or len(text) > 18 or int(text) < least:
        raise argparse.ArgumentTypeError(f"expected a whole number from {least}, got {text!r}")
    return int(text)


COMMANDS = {
    "train": Command("train without a window", _declare_train, "train"),
    "pretrain": Command("first weights, one layer after another", _declare_pretrain, "pretrain"),
    "prune": Command("set the smallest weights of a file to 0", _declare_prune, "prune"),
    "check": Command("shapes, parameter counts, and what is wrong", _declare_check, "check"),
    "predict": Command("a trained network's outputs for a file of examples", _declare_predict, "predict"),
    "export": Command("a trained network as ONNX or PyTorch", _declare_export, "export"),
    "import": Command("an ONNX model as a project with its weights", _declare_import, "import_onnx"),
    "report": Command("a page about a run, its curves and its network", _declare_report, "report"),
    "film": Command("a run as a film of a panel or of the window", _declare_film, "film"),
    "experiments": Command("the experiments that come with netviz", _declare_experiments, "experiments"),
    "info": Command("versions, devices, and what is missing", _declare_nothing, "info"),
    "worker": Command("the training process behind a window", _declare_nothing, "worker"),
    "answer": Command("a check's process behind a window", _declare_nothing, "answer"),
    "devices": Command("the process behind a window that asks for CUDA devices", _declare_nothing, "devices"),
}
