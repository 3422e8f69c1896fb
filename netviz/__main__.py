"""The program `netviz`: a command without a window, or the window."""

import gc
import os
import sys

from netviz.cli import COMMANDS, run_command, window_arguments
from netviz.system import ensure_qt, without_display


def main(arguments: list[str] | None = None) -> int:
    """Runs netviz with these arguments (the command line's by default); returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in COMMANDS:
        return run_command(arguments)
    options = window_arguments(arguments)
    if without_display():
        if not options.demo:
            print("netviz: there is no display to open a window on; `netviz train FILE` needs none", file=sys.stderr)
            return 1
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    ensure_qt()
    gc.disable()  # until the window is there: what starting makes stays, and the collector would find nothing
    from netviz.app import run_window

    return run_window(options)


if __name__ == "__main__":
    sys.exit(main())
