"""What the loops of optimised LLVM IR load, store and copy: whether small arrays are in registers there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LABEL = re.compile(r"^([\w.$-]+|\"[^\"]+\"):")
_TARGET = re.compile(r"label %([\w.$-]+|\"[^\"]+\")")


@dataclass(frozen=True)
class Traffic:
    """What one turn of a loop moves if it takes all branches: bytes loaded and stored, calls that copy."""

    loads: int
    stores: int
    copies: int


def allocas(llvm: str) -> int:
    """The arrays and variables that a module still keeps on the machine's stack."""
    return len(re.findall(r"= alloca ", llvm))


def loops(llvm: str, function: str = ".body") -> list[Traffic]:
    """The loops of one function in the order of the text, each with those inside it."""
    blocks = _blocks(llvm, function)
    after = {name: _TARGET.findall("\n".join(lines)) for name, lines in blocks.items()}
    return [_traffic([line for name in found for line in blocks[name]]) for found in _cycles(blocks, after)]


def _blocks(llvm: str, function: str) -> dict[str, list[str]]:
    (body,) = re.findall(r"^define [^\n]*" + re.escape(function) + r"\(.*?^}", llvm, re.M | re.S)
    blocks: dict[str, list[str]] = {"": []}
    name = ""
    for line in body.splitlines()[1:-1]:
        if label := _LABEL.match(line):
            name = label.group(1)
            blocks[name] = []
        else:
            blocks[name].append(line)
    return blocks


def _cycles(blocks: dict[str, list[str]], after: dict[str, list[str]]) -> Iterator[list[str]]:
    """The blocks on a way from each block that a later one jumps back to, to itself."""
    order = {name: k for k, name in enumerate(blocks)}
    heads = {t for name, targets in after.items() for t in targets if order[t] <= order[name]}
    for head in sorted(heads, key=order.__getitem__):
        forward = _reached(head, after)
        found = [name for name in blocks if name in forward and head in _reached(name, after)]
        yield found


def _reached(start: str, after: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    pending = list(after[start])
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(after[name])
    return found


def _traffic(lines: list[str]) -> Traffic:
    text = "\n".join(lines)
    return Traffic(
        sum(map(_bytes, re.findall(r"= load (<.*?>|\w+)", text))),
        sum(map(_bytes, re.findall(r"^\s*store (<.*?>|\w+)", text, re.M))),
        len(re.findall(r"call [^\n]*@llvm\.mem(?:cpy|move|set)", text)),
    )


def _bytes(type: str) -> int:
    """The size of a type: `double`, `<4 x double>`."""
    if type.startswith("<"):
        count, element = type[1:-1].split(" x ")
        return int(count) * _bytes(element)
    return {"double": 8, "float": 4, "ptr": 8}.get(type) or -(-int(type[1:]) // 8)
