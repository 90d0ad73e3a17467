"""How functions made by decorators pickle: by the name that the decorator put them under."""

from __future__ import annotations

import sys
from typing import Any


def named(module: str, name: str) -> Any:
    """Return what has this name in a module, None if nothing has."""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found
