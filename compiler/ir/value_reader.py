"""Reading values in the text of a graph: their names, their types, and where they are in scope."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from .attribute_parser import read_type
from .graph import Value
from .printer import MAX_NESTING
from .tokens import Tokens
from .types import Type

# A name in the text, and where it stands.
Name = tuple[str, int]
Item = TypeVar("Item")
Declared = list[tuple[Name, Type]]


class ValueReader:
    """Reads values, and knows those in scope."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.values: dict[str, Value] = {}  # those in scope
        self.scopes: list[list[str]] = []  # the names that each open block defines

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Read a block: what it defines ends with it."""
        if len(self.scopes) > MAX_NESTING:
            self.tokens.fail(f"regions are nested more than {MAX_NESTING} deep")
        self.scopes.append([])
        yield
        for name in self.scopes.pop():
            del self.values[name]

    def name(self) -> Name:
        at = self.tokens.at
        return self.tokens.expect_kind("value", "a value"), at

    def declaration(self) -> tuple[Name, Type]:
        name = self.name()
        self.tokens.expect(":")
        return name, read_type(self.tokens)

    def define(self, name: Name, value: Value) -> Value:
        """Bring a value into scope."""
        text, at = name
        if text in self.values:
            self.tokens.fail(f"{text} is defined twice", at)
        self.values[text] = value
        self.scopes[-1].append(text)
        return value

    def parameter(self) -> Value:
        name, type = self.declaration()
        return self.define(name, Value(type))

    def operand(self) -> Value:
        name, at = self.name()
        if name not in self.values:
            self.tokens.fail(f"{name} is not defined here", at)
        return self.values[name]

    def operands(self) -> list[Value]:
        """Read values separated by commas, as many as there are."""
        return self.separated(self.operand)

    def separated(self, read: Callable[[], Item]) -> list[Item]:
        """Read what begins with a value, separated by commas, as many as there are."""
        if self.tokens.kind != "value":
            return []
        found = [read()]
        while self.tokens.take(","):
            found.append(read())
        return found

    def labelled(self, value: Value) -> tuple[Value, str]:
        return value, self.tokens.string("a label in quotes")

    def outputs(self) -> list[tuple[Value, str]]:
        return self.separated(lambda: self.labelled(self.operand()))
