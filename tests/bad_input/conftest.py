"""Tests of errors run plain code: what LLVM makes of it is tested elsewhere."""

from __future__ import annotations

from tests.plain_code import in_plain_code

__all__ = ["in_plain_code"]
