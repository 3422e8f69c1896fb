"""The program `netviz`: a command without a window, or the window."""

import gc
import os
import sys

from netviz.exit_status import FAILED, INTERRUPTED


def main(arguments: list[str] | None = None) -> int:
    """Runs netviz with these arguments (the command line's by default); returns the exit status."""
    try:
        _any_words()
        return _run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(arguments: list[str]) -> int:
    # Imported here: it takes long enough for Ctrl+C to come in between.
    from netviz.cli import COMMANDS, run_command, window_arguments

    if arguments and arguments[0] in COMMANDS:
        return run_command(arguments)
    options = window_arguments(arguments)
    from netviz.system import ensure_qt, no_display

    if why := no_display():
        if not options.demo:
            print(f"netviz: {why}: start it on a desktop, or without a window by `netviz train FILE`", file=sys.stderr)
            return FAILED
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    ensure_qt()
    gc.disable()  # until the window is there: what starting makes stays, and the collector would find nothing
    from netviz.app import run_window

    return run_window(options)


def _any_words() -> None:
    """Words are written wherever they go: a letter that a terminal or a pipe does not know becomes a question mark."""
    if sys.stderr is None:  # closed, and a bar is drawn there
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
