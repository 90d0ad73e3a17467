"""A lock that the child of a fork finds free, though another thread of its parent held it."""

from __future__ import annotations

import os
import threading
from weakref import WeakSet


class ForkLock:
    """A reentrant lock for data that is whole whenever another thread can run.

    Examples
    --------
    >>> lock = ForkLock()
    >>> with lock:
    ...     print("alone")
    alone
    """

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _locks.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        self._lock.release()

    def renew(self) -> None:
        """Make the lock free: the thread that held it is not in this process."""
        self._lock = threading.RLock()


def _renew_all() -> None:
    for lock in list(_locks):
        lock.renew()


_locks: WeakSet[ForkLock] = WeakSet()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
