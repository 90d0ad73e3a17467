"""What a refusal has to be: one of gradir's errors, that fits a built-in, with the message and the user's line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import gradir as gr


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
