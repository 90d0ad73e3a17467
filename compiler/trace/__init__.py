"""Running a Python function with tracers: staging, array handles, NumPy's protocols."""
