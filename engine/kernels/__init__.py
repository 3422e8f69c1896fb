"""Compiled kernels, where Numba is installed (the extra `fast`); everything works without them."""
