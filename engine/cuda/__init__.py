"""What CuPy lacks: own kernels, each beside a NumPy twin, and the calls of a plan as CUDA graphs.

Nothing here imports CuPy: the array module comes from a Backend.
"""
