"""Tests of passes run plain code: most interpret graphs, and what LLVM makes of the rest is no matter."""

from __future__ import annotations

from tests.plain_code import in_plain_code

__all__ = ["in_plain_code"]
