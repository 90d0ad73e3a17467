"""From graphs to machine code: kernels (fusion, buffers), then LLVM IR; nothing here is compiled or run."""
