"""Graph -> Graph: adjoint, canonicalize, cse, dce, licm and the pipeline that runs them."""
