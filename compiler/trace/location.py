"""Where in the user's code something happens: the innermost line that is no library's."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from bisect import bisect_right
from types import CodeType, FrameType

import numpy as np

from ..errors import GradirError
from ..ir.graph import Loc

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_NUMPY = os.path.dirname(os.path.abspath(np.__file__))
_SCIPY = os.path.join(os.path.dirname(_NUMPY), "scipy")
_OPTREE = os.path.join(os.path.dirname(_NUMPY), "optree")
_FOLDERS = (_PACKAGE, _NUMPY, _SCIPY, _OPTREE)
_LIBRARY = (*(folder + os.sep for folder in _FOLDERS), functools.__file__, contextlib.__file__)


def user_location() -> Loc | None:
    """Return the innermost line on this thread's stack that is neither gradir's, NumPy's nor SciPy's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if _is_user_file(code.co_filename) and is_user_code(code):  # every node comes here, from deep down
            return _places(_Same(code)).at(frame.f_lasti)
        frame = frame.f_back
    return None


def is_user_code(code: CodeType) -> bool:
    """Tell whether code is neither gradir's, NumPy's nor SciPy's."""
    return _is_user_file(code.co_filename) and not code.co_name.startswith("<frozen")


@functools.lru_cache(maxsize=4096)
def _is_user_file(name: str) -> bool:
    return not name.startswith(_LIBRARY)


class _Same:
    """A key that is this very code: the hash of a code object takes as long as the code is."""

    __slots__ = ("code",)

    def __init__(self, code: CodeType) -> None:
        self.code = code

    def __hash__(self) -> int:
        return id(self.code)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.code is self.code


class _Places:
    """The lines of some code, by position: Python itself looks for each from the beginning of the code."""

    def __init__(self, code: CodeType) -> None:
        known = [(start, line) for start, _, line in code.co_lines()]
        self.code = code
        self.starts = [start for start, _ in known]
        self.lines = [line for _, line in known]
        self.name = user_name(code.co_qualname)
        self.found: dict[int, Loc] = {}

    def at(self, position: int) -> Loc:
        line = self.lines[max(bisect_right(self.starts, position) - 1, 0)] or self.code.co_firstlineno
        if line not in self.found:
            self.found[line] = Loc(self.code.co_filename, line, self.name)
        return self.found[line]


@functools.lru_cache(maxsize=256)
def _places(same: _Same) -> _Places:
    return _Places(same.code)


def user_name(qualname: str) -> str:
    """The user's function in the qualified name of a staged one."""
    parts = [p for p in qualname.split(".") if p != "<locals>" and not p.startswith("__gradir")]
    return parts[-1] if parts else ""


def error_location(error: BaseException) -> Loc | None:
    """Return the innermost line of the user's code that an error came through."""
    if isinstance(error, GradirError) and error.loc is not None:
        return error.loc
    found = None
    at = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        if is_user_code(code):
            found = Loc(code.co_filename, at.tb_lineno, user_name(code.co_qualname))
        at = at.tb_next
    return found
