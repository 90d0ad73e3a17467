"""Running compiled graphs: compile and link, call from Python and from Numba."""
