"""The steps of call programs: what the one built-in function of `call_machine` does, a word after the other.

A program is 64-bit words: a header, a name and a default for each parameter, then steps: a
number of `Step` and its operands.
Objects that a step finds or makes are put in the next register; all references are given back at the end.
"""

from __future__ import annotations

from enum import IntEnum, auto, unique

# The places of the header's words.
REGISTERS, TABLE, CELLS, HITS, POSITIONAL, PARAMETERS, HEADER = range(7)


@unique
class Step(IntEnum):
    """A step, with its operands; those in capitals are addresses of objects."""

    ITEMS = 0  # register, TYPE, count: the items of a list or tuple
    KEYS = auto()  # register, count, KEY...: the values of a dict with these keys in this order
    ARRAY = auto()  # register, DTYPE, mask, flags, ndim, size...: an array is the next input
    NUMBER = auto()  # register, TYPE: an object that holds its value is the next input
    INT = auto()  # register, whether it must be `value`, value: an int is the next input
    ANY_NUMBER = auto()  # register, TYPE, DTYPE, PYTHON TYPE: a number or array of rank 0 is the next input
    SAME = auto()  # register, OBJECT, FUNCTION or 0: it is this object, or the function returns True
    LENGTH = auto()  # register, TYPE, count: a list or tuple is this long
    ASK = auto()  # FUNCTION: it returns True
    GLOBAL = auto()  # NAMESPACE, BUILTINS, NAME
    CELL = auto()  # CELL
    ATTRIBUTE = auto()  # OWNER, NAME
    ITEM = auto()  # register, KEY
    OBJECT = auto()  # OBJECT
    NEW_ARRAY = auto()  # DTYPE, ndim, size...: the next output
    LARGE_ARRAY = auto()  # FUNCTION: it makes the next output
    NEW_NUMBER = auto()  # the next output is a number
    APART = auto()  # word, bytes, word, bytes: what is at the addresses in two words of the table
    SAME_WORD = auto()  # word of the table: the next output is where an input is
    RUN = auto()  # address, FUNCTION: run the code; the function raises the error of a status and an index
    NUMPY_NUMBER = auto()  # word of the table, DTYPE
    FLOAT = auto()  # word of the table
    LONG = auto()  # word of the table
    BOOL = auto()  # word of the table
    TUPLE = auto()  # count, register...
    LIST = auto()  # count, register...
    DICT = auto()  # count, (KEY, register)...
    OBJECT_OF = auto()  # TYPE, register: the type, called with the items of a tuple
    RETURN = auto()  # register
