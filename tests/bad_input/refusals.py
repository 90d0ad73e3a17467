"""What a refusal has to be: one of gradir's errors and a built-in one, with message and line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import pytest


def refusal(error: type[Exception], call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """Return the text of the error that a call raises."""
    with pytest.raises(error) as caught:
        call(*args, **kwargs)
    assert isinstance(caught.value, gr.GradirError)
    return str(caught.value)


def refusal_here(error: type[Exception], call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """The same, for an error that points at a line with the comment `# here`; return its first line."""
    text = refusal(error, call, *args, **kwargs)
    message, place, source = text.split("\n")
    function = getattr(call, "fun", None)
    if function is not None:
        file = function.__code__.co_filename
        assert place.startswith(f"  at {file}:")
    assert source.endswith("# here"), text
    return message
