"""`netviz worker`: the process that trains behind a window, spoken to over standard input and output."""

import argparse
import os
import signal
import sys
import traceback

from engine.run.transports import serve
from netviz.exit_status import DONE

CRASHED = 70  # EX_SOFTWARE of sysexits.h


def run(options: argparse.Namespace) -> int:
    """Serves until the window closes the pipe. What anything prints goes to standard error, never into the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal is the window's to answer
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        serve(sys.stdin.buffer, sink)
    except Exception as error:
        print(f"netviz worker: {type(error).__name__}: {error}", file=sys.stderr)
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(CRASHED)  # the thread that reads the pipe still waits: a usual exit would abort on its lock
    return DONE
