"""Tests of tracing run plain code: programs that LLVM optimises are in the corpus and in the fuzzer."""

from __future__ import annotations

from tests.plain_code import in_plain_code

__all__ = ["in_plain_code"]
