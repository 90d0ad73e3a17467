"""The tokens of printed IR, read one at a time, with their places for error messages."""

from __future__ import annotations

import re
from typing import NoReturn

from ..errors import ParseError
from .dims import Symbol

# Every text matches: what is no token is `bad`, so that nothing backtracks.
_TOKEN = re.compile(
    r"""(?:[ \t\r]|\#[^\n]*)*+
    (?:(?P<end>\Z)
      |(?P<newline>\n)
      |(?P<value>%[A-Za-z0-9_]+)
      |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
      |(?P<number>0x[0-9a-fA-F]+(?:\.[0-9a-fA-F]*)?(?:p[+-]?[0-9]+)?|[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?)
      |(?P<string>"(?:[^"\\\n]|\\[^\n])*+")
      |(?P<mark>[-+*=:,(){}\[\]<>])
      |(?P<bad>.))""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|(.))", re.DOTALL)
_UNESCAPED = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_MAX_DIGITS = 400  # more than any float's; Python's own limit for integers is 4300


class Tokens:
    """The current token (`kind`, `text`, `at`) of a text, and steps to the next."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.symbols: dict[str, Symbol] = {}  # those that the graph declares
        self.kind = ""
        self.text = ""
        self.at = 0
        self._next = 0
        self.advance()

    def advance(self) -> str:
        """Step to the next token; return the text of the one before."""
        before = self.text
        found = _TOKEN.match(self.source, self._next)
        assert found is not None
        assert found.lastgroup is not None
        self.kind = found.lastgroup
        self.text = found[self.kind]
        self.at = found.start(self.kind)
        self._next = found.end()
        if self.kind == "bad":
            self._reject()
        return before

    def _reject(self) -> NoReturn:
        match self.text:
            case '"':
                self.fail("this string has no end")
            case "%":
                self.fail("a value is '%' and a number or a name")
        self.fail(f"unexpected character {self.text!r}")

    def fail(self, message: str, at: int | None = None) -> NoReturn:
        """Raise a ParseError at a place in the text, by default at the current token."""
        at = self.at if at is None else at
        start = self.source.rfind("\n", 0, at) + 1
        end = self.source.find("\n", at)
        line = self.source[start : len(self.source) if end < 0 else end]
        raise ParseError(message, line=self.source.count("\n", 0, at) + 1, column=at - start + 1, source=line)

    def unexpected(self, expected: str) -> NoReturn:
        """Raise a ParseError that says what was expected here instead."""
        found = {"end": "the end", "newline": "the end of the line"}.get(self.kind, f"'{self.text[:40]}'")
        self.fail(f"expected {expected}, found {found}")

    def take(self, text: str) -> bool:
        """Step over a mark or keyword if it is the current token; tell whether it was."""
        if self.text != text or self.kind == "string":
            return False
        self.advance()
        return True

    def expect(self, text: str) -> None:
        """Step over a mark or keyword that must be the current token."""
        if not self.take(text):
            self.unexpected(f"'{text}'")

    def expect_kind(self, kind: str, described: str) -> str:
        """Step over a token of a kind; return its text."""
        if self.kind != kind:
            self.unexpected(described)
        return self.advance()

    def skip_newlines(self) -> None:
        while self.kind == "newline":
            self.advance()

    def end_of_line(self) -> None:
        """Step over the end of a line, which must be here."""
        if self.kind not in ("newline", "end"):
            self.unexpected("the end of the line")
        self.skip_newlines()

    def number(self, described: str) -> str:
        """Step over an unsigned number; return its text."""
        if self.kind == "number" and len(self.text) > _MAX_DIGITS:
            self.fail("this number has too many digits")
        return self.expect_kind("number", described)

    def integer(self, described: str) -> int:
        """Step over an unsigned integer; return it."""
        at = self.at
        text = self.number(described)
        try:
            return int(text, 16 if text.startswith("0x") else 10)
        except ValueError:
            self.fail(f"expected {described}, found '{text[:40]}'", at)

    def string(self, described: str) -> str:
        """Step over a string in quotes; return what it stands for."""
        at = self.at
        text = self.expect_kind("string", described)

        def unescape(match: re.Match[str]) -> str:
            code = int(match[1], 16) if match[1] else -1
            plain = chr(code) if 0 <= code <= 0x10FFFF else _UNESCAPED.get(match[2])
            if plain is None:
                self.fail(f"unknown escape {match[0]} in a string", at + 1 + match.start())
            return plain

        return _ESCAPE.sub(unescape, text[1:-1])
