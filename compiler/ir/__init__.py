"""The typed SSA graph: types, nodes, text form, checks and the reference interpreter."""
