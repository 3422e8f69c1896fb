"""Compiles the kernels: `python -m engine.kernels`."""

import sys

from engine.kernels.choice import compile_all, installed, is_compiled


def main() -> int:
    if not installed():
        print("numba is not installed: pip install 'netviz[fast]'", file=sys.stderr)
        return 1
    if not is_compiled():
        compile_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
