"""Graph -> Graph: adjoint, and the pipeline of canonicalize, ranges, cse, sum_order, licm and dce."""
