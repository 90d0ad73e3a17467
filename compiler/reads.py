"""How a value from outside of a traced function is found again at each call; a read is called to get it.

They are data, not closures, so that a compiled entry can do the same without Python.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import CellType
from typing import Any

_MISSING = object()
Getter = Callable[[], Any]


@dataclass(frozen=True, slots=True, eq=False)
class GlobalRead:
    namespace: dict[str, Any]
    name: str

    @property
    def builtins(self) -> dict[str, Any]:
        """Where a name is looked up that the namespace does not have."""
        found = self.namespace["__builtins__"]
        return found if isinstance(found, dict) else vars(found)

    def __call__(self) -> Any:
        value = self.namespace.get(self.name, _MISSING)
        return self.builtins[self.name] if value is _MISSING else value


@dataclass(frozen=True, slots=True, eq=False)
class CellRead:
    cell: CellType

    def __call__(self) -> Any:
        return self.cell.cell_contents


@dataclass(frozen=True, slots=True, eq=False)
class AttributeRead:
    owner: Any
    name: str

    def __call__(self) -> Any:
        return getattr(self.owner, self.name)


@dataclass(frozen=True, slots=True, eq=False)
class ObjectRead:
    """An object that stays the same."""

    value: Any

    def __call__(self) -> Any:
        return self.value


@dataclass(frozen=True, slots=True, eq=False)
class ItemRead:
    container: Getter
    key: Any

    def __call__(self) -> Any:
        return self.container()[self.key]


Read = GlobalRead | CellRead | AttributeRead | ObjectRead | ItemRead
