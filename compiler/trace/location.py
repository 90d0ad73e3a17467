"""Where in the user's code something happens: the innermost line that is no library's."""

from __future__ import annotations

import functools
import os
import sys
from types import CodeType, FrameType

import numpy as np

from ..errors import GradirError
from ..ir.graph import Loc

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_NUMPY = os.path.dirname(os.path.abspath(np.__file__))
_SCIPY = os.path.join(os.path.dirname(_NUMPY), "scipy")
_LIBRARY = (_PACKAGE + os.sep, _NUMPY + os.sep, _SCIPY + os.sep, functools.__file__)


def user_location() -> Loc | None:
    """Return the innermost line on this thread's stack that is neither gradir's, NumPy's nor SciPy's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if is_user_code(code):
            return Loc(code.co_filename, frame.f_lineno, user_name(code.co_qualname))
        frame = frame.f_back
    return None


def is_user_code(code: CodeType) -> bool:
    """Tell whether code is neither gradir's, NumPy's nor SciPy's."""
    return not code.co_filename.startswith(_LIBRARY) and not code.co_name.startswith("<frozen")


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
