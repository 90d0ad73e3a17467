"""Graph -> Graph: adjoint, canonicalize, ranges, cse, sum_order, licm, dce and the pipeline that runs them."""
