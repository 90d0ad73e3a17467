"""The code of the steps of call programs that run the code and make what it gives."""

from __future__ import annotations

from collections.abc import Callable

from .call_code import Machine
from .call_steps import Step
from .python_objects import DATA


def _new_array(m: Machine) -> None:
    descr, ndim = m.object(0), m.operand(1)
    m.incref(descr)
    array = m.made(m.f.value(
        f"call ptr @PyArray_NewFromDescr(ptr @gradir.type.ndarray, ptr {descr}, "
        f"i32 {m.f.value(f'trunc i64 {ndim} to i32')}, ptr {m.rest(2)}, ptr null, ptr null, i32 0, ptr null)"
    ))  # fmt: skip
    m.add_word(m.field("ptr", array, DATA))
    m.next(2, ndim)


def _large_array(m: Machine) -> None:
    array = m.made(m.call("ptr", "PyObject_CallNoArgs", f"ptr {m.object(0)}"))
    m.add_word(m.field("ptr", array, DATA))
    m.next(1)


def _new_number(m: Machine) -> None:
    m.add_word(m.new_cell())
    m.next(0)


def _apart(m: Machine) -> None:
    """Miss where two ranges of addresses meet."""
    f = m.f
    first, second = (m.field("i64", m.element(m.field("ptr", m.table), m.operand(k))) for k in (0, 2))
    ends = (f.value(f"add i64 {start}, {m.operand(k)}") for start, k in ((first, 1), (second, 3)))
    before = [f.value(f"icmp ule i64 {a}, {b}") for a, b in zip(ends, (second, first), strict=True)]
    m.require(f.value(f"or i1 {before[0]}, {before[1]}"))
    m.next(4)


def _same_word(m: Machine) -> None:
    m.add_word(m.field("ptr", m.element(m.field("ptr", m.table), m.operand(0))))
    m.next(1)


def _run(m: Machine) -> None:
    """Run without the GIL; the word after the outputs is where a failing index is recorded."""
    f, address, table = m.f, m.object(0), m.field("ptr", m.table)
    m.add_hit()
    index = m.new_word()
    thread = m.call("ptr", "PyEval_SaveThread")
    status = f.value(f"call i64 {address}(ptr {table})")
    f.line(f"call void @PyEval_RestoreThread(ptr {thread})")
    with m.where(f.value(f"icmp ne i64 {status}, 0")):
        pair = f.slot("ptr", 2)
        for k, x in enumerate((status, m.field("i64", index))):
            number = m.made(m.call("ptr", "PyLong_FromLongLong", f"i64 {x}"))
            m.store("ptr", number, m.at(pair, 8 * k))
        m.made(m.call("ptr", "PyObject_Vectorcall", f"ptr {m.object(1)}", f"ptr {pair}", "i64 2", "ptr null"))
        f.jump("error")
        f.label(f.name("never"))
    m.next(2)


def _number_at(m: Machine) -> str:
    """The address of the output in a word of the table."""
    return m.field("ptr", m.element(m.field("ptr", m.table), m.operand(0)))


def _numpy_number(m: Machine) -> None:
    m.made(m.call("ptr", "PyArray_Scalar", f"ptr {_number_at(m)}", f"ptr {m.object(1)}", "ptr null"))
    m.next(2)


def _float(m: Machine) -> None:
    m.made(m.call("ptr", "PyFloat_FromDouble", f"double {m.field('double', _number_at(m))}"))
    m.next(1)


def _long(m: Machine) -> None:
    m.made(m.call("ptr", "PyLong_FromLongLong", f"i64 {m.field('i64', _number_at(m))}"))
    m.next(1)


def _bool(m: Machine) -> None:
    wide = m.f.value(f"zext i8 {m.field('i8', _number_at(m))} to i64")
    m.made(m.call("ptr", "PyBool_FromLong", f"i64 {wide}"))
    m.next(1)


def _sequence(kind: str) -> Callable[[Machine], None]:
    def emit(m: Machine) -> None:
        count, registers = m.operand(0), m.rest(1)
        container = m.made(m.call("ptr", f"Py{kind}_New", f"i64 {count}"))
        with m.turns(count) as k:
            x = m.in_register(m.field("i64", m.element(registers, k)))
            m.incref(x)  # SetItem takes it over
            m.call("i32", f"Py{kind}_SetItem", f"ptr {container}", f"i64 {k}", f"ptr {x}")
        m.next(1, count)

    return emit


def _object_of(m: Machine) -> None:
    m.made(m.call("ptr", "PyObject_Call", f"ptr {m.object(0)}", f"ptr {m.register(1)}", "ptr null"))
    m.next(2)


def _dict(m: Machine) -> None:
    count, pairs = m.operand(0), m.rest(1)
    container = m.made(m.call("ptr", "PyDict_New"))
    with m.turns(count) as k:
        pair = m.element(pairs, m.f.value(f"mul i64 {k}, 2"))
        x = m.in_register(m.field("i64", pair, 8))
        key = m.field("ptr", pair)
        failed = m.call("i32", "PyDict_SetItem", f"ptr {container}", f"ptr {key}", f"ptr {x}")
        m.require(m.is_equal("i32", failed, "0"), "error")
    m.next(1, m.f.value(f"mul i64 {count}, 2"))


def _return(m: Machine) -> None:
    x = m.register(0)
    m.incref(x)
    m.give_back()
    m.f.line(f"ret ptr {x}")


MAKING: dict[Step, Callable[[Machine], None]] = {
    Step.NEW_ARRAY: _new_array,
    Step.LARGE_ARRAY: _large_array,
    Step.NEW_NUMBER: _new_number,
    Step.APART: _apart,
    Step.SAME_WORD: _same_word,
    Step.RUN: _run,
    Step.NUMPY_NUMBER: _numpy_number,
    Step.FLOAT: _float,
    Step.LONG: _long,
    Step.BOOL: _bool,
    Step.TUPLE: _sequence("Tuple"),
    Step.LIST: _sequence("List"),
    Step.DICT: _dict,
    Step.OBJECT_OF: _object_of,
    Step.RETURN: _return,
}
