"""The code of the steps of call programs that look at arguments and at what is outside."""

from __future__ import annotations

from collections.abc import Callable

from .call_code import Machine
from .call_steps import Step
from .python_objects import ALIGNED, C_CONTIGUOUS, DATA, DESCR, DIMS, FLAGS, ITEMS, NDIM, SIZE, TYPE, VALUE

_AS_IT_IS = C_CONTIGUOUS | ALIGNED


def _items(m: Machine) -> None:
    given, kind, count = m.register(0), m.object(1), m.operand(2)
    _require_length(m, given, kind, count)
    inside = m.at(given, ITEMS)
    is_list = m.is_equal("ptr", kind, "@gradir.type.list")
    first = m.f.value(f"select i1 {is_list}, ptr {m.field('ptr', inside)}, ptr {inside}")
    with m.turns(count) as k:
        x = m.field("ptr", m.element(first, k))
        m.incref(x)
        m.push(x)
    m.next(3)


def _require_length(m: Machine, given: str, kind: str, count: str) -> None:
    m.require_equal("ptr", m.field("ptr", given, TYPE), kind)
    m.require_equal("i64", m.field("i64", given, SIZE), count)


def _keys(m: Machine) -> None:
    given, count = m.register(0), m.operand(1)
    m.require_equal("ptr", m.field("ptr", given, TYPE), "@gradir.type.dict")
    m.require_equal("i64", m.call("i64", "PyDict_Size", f"ptr {given}"), count)
    position, key, value = m.f.slot("i64"), m.f.slot("ptr"), m.f.slot("ptr")
    m.store("i64", "0", position)
    keys = m.rest(2)
    with m.turns(count) as k:
        places = (f"ptr {p}" for p in (given, position, key, value))
        m.require(m.f.value(f"icmp ne i32 {m.call('i32', 'PyDict_Next', *places)}, 0"))
        m.require_equal("ptr", m.field("ptr", key), m.field("ptr", m.element(keys, k)))
        x = m.field("ptr", value)
        m.incref(x)
        m.push(x)
    m.next(2, count)


def _array(m: Machine) -> None:
    given, descr, ndim = m.register(0), m.object(1), m.operand(4)
    _require_array(m, given, descr, ndim)
    dims, sizes = m.field("ptr", given, DIMS), m.rest(5)
    with m.turns(ndim) as k:
        m.require_equal("i64", m.field("i64", m.element(dims, k)), m.field("i64", m.element(sizes, k)))
    flags = _flags(m, given)
    m.require_equal("i64", m.f.value(f"and i64 {flags}, {m.operand(2)}"), m.operand(3))
    array, copy = m.f.slot("ptr"), m.f.slot("ptr")
    m.store("ptr", given, array)
    m.store("ptr", "null", copy)
    with m.where(m.f.value(f"icmp ne i64 {m.f.value(f'and i64 {flags}, {_AS_IT_IS}')}, {_AS_IT_IS}")):
        m.incref(descr)
        made = m.call("ptr", "PyArray_FromArray", f"ptr {given}", f"ptr {descr}", f"i32 {_AS_IT_IS}")
        m.require(m.f.value(f"icmp ne ptr {made}, null"), "error")
        m.store("ptr", made, array)
        m.store("ptr", made, copy)
    m.push(m.field("ptr", copy))
    m.add_word(m.field("ptr", m.field("ptr", array), DATA))
    m.next(5, ndim)


def _require_array(m: Machine, given: str, descr: str, ndim: str) -> None:
    m.require_equal("ptr", m.field("ptr", given, TYPE), "@gradir.type.ndarray")
    m.require_equal("ptr", m.field("ptr", given, DESCR), descr)
    m.require_equal("i64", m.f.value(f"zext i32 {m.field('i32', given, NDIM)} to i64"), ndim)


def _flags(m: Machine, given: str) -> str:
    return m.f.value(f"zext i32 {m.field('i32', given, FLAGS)} to i64")


def _number(m: Machine) -> None:
    given = m.register(0)
    m.require_equal("ptr", m.field("ptr", given, TYPE), m.object(1))
    m.add_word(m.at(given, VALUE))
    m.next(2)


def _int(m: Machine) -> None:
    given, is_fixed = m.register(0), m.operand(1)
    m.require_equal("ptr", m.field("ptr", given, TYPE), "@gradir.type.int")
    x = _int_value(m, given)
    with m.where(m.f.value(f"icmp ne i64 {is_fixed}, 0")):
        m.require_equal("i64", x, m.operand(2))
    _add_number(m, x)
    m.next(3)


def _int_value(m: Machine, given: str) -> str:
    overflow = m.f.slot("i32")
    x = m.call("i64", "PyLong_AsLongLongAndOverflow", f"ptr {given}", f"ptr {overflow}")
    m.require_equal("i32", m.field("i32", overflow), "0")
    return x


def _add_number(m: Machine, x: str) -> None:
    cell = m.new_cell()
    m.store("i64", x, cell)
    m.add_word(cell)


def _any_number(m: Machine) -> None:
    f, given, done = m.f, m.register(0), m.f.name("done")
    kind = m.field("ptr", given, TYPE)
    numpys, pythons = (m.is_equal("ptr", kind, m.object(k)) for k in (1, 3))
    is_int = m.is_equal("ptr", kind, "@gradir.type.int")
    with m.where(f.value(f"and i1 {pythons}, {is_int}")):
        _add_number(m, _int_value(m, given))
        m.next(4)
        f.label(f.name("never"))
    inline, other = f.name("inline"), f.name("other")
    f.branch(f.value(f"or i1 {numpys}, {pythons}"), inline, other)
    f.label(inline)
    m.add_word(m.at(given, VALUE))
    f.jump(done)
    f.label(other)
    _require_array(m, given, m.object(2), "0")  # of rank 0, so in C order
    m.require(f.value(f"icmp ne i64 {f.value(f'and i64 {_flags(m, given)}, {ALIGNED}')}, 0"))
    m.add_word(m.field("ptr", given, DATA))
    f.jump(done)
    f.label(done)
    m.next(4)


def _same(m: Machine) -> None:
    f, function, answer = m.f, m.object(2), m.f.slot("ptr")
    differs = f.value(f"icmp ne ptr {m.register(0)}, {m.object(1)}")
    m.store("ptr", "null", answer)
    with m.where(f.value(f"and i1 {differs}, {f.value(f'icmp ne ptr {function}, null')}")):
        m.store("ptr", m.call("ptr", "PyObject_CallNoArgs", f"ptr {function}"), answer)
    m.push(m.field("ptr", answer))
    is_true = m.is_equal("ptr", m.field("ptr", answer), "@gradir.true")
    m.require(f.value(f"select i1 {differs}, i1 {is_true}, i1 true"))
    m.next(3)


def _length(m: Machine) -> None:
    _require_length(m, m.register(0), m.object(1), m.operand(2))
    m.next(3)


def _ask(m: Machine) -> None:
    answer = m.made(m.call("ptr", "PyObject_CallNoArgs", f"ptr {m.object(0)}"), "miss")
    m.require_equal("ptr", answer, "@gradir.true")
    m.next(1)


def _global(m: Machine) -> None:
    found = m.f.slot("ptr")
    name = f"ptr {m.object(2)}"
    m.store("ptr", m.call("ptr", "PyDict_GetItemWithError", f"ptr {m.object(0)}", name), found)
    with m.where(m.is_equal("ptr", m.field("ptr", found), "null")):
        m.store("ptr", m.call("ptr", "PyDict_GetItemWithError", f"ptr {m.object(1)}", name), found)
    x = m.field("ptr", found)
    m.incref(x)
    m.made(x, "miss")
    m.next(3)


def _cell(m: Machine) -> None:
    m.made(m.call("ptr", "PyCell_Get", f"ptr {m.object(0)}"), "miss")
    m.next(1)


def _attribute(m: Machine) -> None:
    m.made(m.call("ptr", "PyObject_GetAttr", f"ptr {m.object(0)}", f"ptr {m.object(1)}"), "miss")
    m.next(2)


def _item(m: Machine) -> None:
    m.made(m.call("ptr", "PyObject_GetItem", f"ptr {m.register(0)}", f"ptr {m.object(1)}"), "miss")
    m.next(2)


def _object(m: Machine) -> None:
    m.incref(m.object(0))
    m.push(m.object(0))
    m.next(1)


LOOKING: dict[Step, Callable[[Machine], None]] = {
    Step.ITEMS: _items,
    Step.KEYS: _keys,
    Step.ARRAY: _array,
    Step.NUMBER: _number,
    Step.INT: _int,
    Step.ANY_NUMBER: _any_number,
    Step.SAME: _same,
    Step.LENGTH: _length,
    Step.ASK: _ask,
    Step.GLOBAL: _global,
    Step.CELL: _cell,
    Step.ATTRIBUTE: _attribute,
    Step.ITEM: _item,
    Step.OBJECT: _object,
}
