"""What a test runs in a process of its own, with nothing else in it: `python threaded_script.py WHAT`."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
import time
from pathlib import Path

import gradir as gr
import numpy as np

PATIENCE = 300  # seconds until a process that hangs is ended
X = np.random.default_rng(0).normal(size=200_000)


def loss(x):
    return np.sum(np.log(1.0 + np.exp(x)))


gr.set_num_threads(1)
gradient = gr.grad(loss)
wanted = [gradient(X) for _ in range(3)][-1]  # Python forks no import well: now all are made


def is_right() -> bool:
    return bool(np.array_equal(gradient(X), wanted))


def others() -> set[str]:
    """The threads of this process but for the one that asks."""
    return set(os.listdir("/proc/self/task")) - {str(threading.get_native_id())}


def status(thread: str, field: str) -> str:
    """A field of a thread's status, as the kernel tells it."""
    lines = Path(f"/proc/self/task/{thread}/status").read_text().splitlines()
    return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(field + ":"))


def hired(count: int) -> set[str]:
    """The threads that come when so many share the work."""
    before = others()
    gr.set_num_threads(count)
    assert is_right()
    return others() - before


def busy(stop: threading.Event) -> None:
    while not stop.is_set():
        assert is_right()


def child() -> None:
    """What a forked process does: it ends with 0 if its threads work, and it can compile."""
    signal.alarm(PATIENCE)
    ok = len(hired(4)) == 3 and is_right()
    ok = ok and np.array_equal(gr.grad(loss)(X), wanted)
    os._exit(0 if ok else 1)


def ends_well(pid: int) -> bool:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def idle() -> None:
    assert len(hired(4)) == 3
    print("done")  # and out, while they wait


def sleeping() -> None:
    workers = hired(3)
    while {status(w, "State")[0] for w in workers} != {"S"}:
        time.sleep(0.01)
    assert {status(w, "voluntary_ctxt_switches") for w in workers} == {
        status(w, "voluntary_ctxt_switches") for w in workers
    }


def signals() -> None:
    (worker,) = hired(2)
    error = 1 << (signal.SIGSEGV - 1)
    while int(status(worker, "SigBlk"), 16) & error:  # as long as the thread is being made
        time.sleep(0.01)
    blocked = int(status(worker, "SigBlk"), 16)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD):
        assert blocked >> (number - 1) & 1
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()  # of the thread that made it


def counts() -> None:
    assert hired(1) == set()
    assert len(hired(2)) == 1
    assert len(hired(5)) == 3
    assert hired(2) == set()
    assert is_right()
    assert len(hired(6)) == 1


def forked() -> None:
    """A process forks, and a process of that, while other threads are in the pool."""
    gr.set_num_threads(2)
    stop = threading.Event()
    runners = [threading.Thread(target=busy, args=(stop,)) for _ in range(3)]
    for runner in runners:
        runner.start()
    try:
        for _ in range(5):
            pid = os.fork()
            if pid == 0:
                signal.alarm(PATIENCE)
                grandchild = os.fork()
                if grandchild:
                    os._exit(0 if is_right() and ends_well(grandchild) else 1)
                child()
            assert ends_well(pid)
            assert is_right()
    finally:
        stop.set()
        for runner in runners:
            runner.join()


def norm(k: int) -> float:
    return float(np.sum(gradient(X + k)))


def pooled() -> None:
    gr.set_num_threads(3)
    alone = [norm(k) for k in range(8)]
    stop = threading.Event()
    runner = threading.Thread(target=busy, args=(stop,))
    runner.start()
    try:
        with multiprocessing.get_context("fork").Pool(3) as pool:
            assert pool.map(norm, range(8)) == alone
    finally:
        stop.set()
        runner.join()


def prange() -> None:
    """Code of Numba's threads is called by several of them at once."""
    import numba

    inner = gradient.njit(X)

    @numba.njit(parallel=True)
    def every(xs):
        found = np.empty_like(xs)
        for k in numba.prange(len(xs)):
            found[k] = inner(xs[k])
        return found

    xs = np.stack([X + k for k in range(8)])
    alone = np.stack([gradient(x) for x in xs])
    gr.set_num_threads(3)
    for _ in range(10):
        assert np.array_equal(every(xs), alone)


def exiting() -> None:
    """The interpreter ends while a thread that it does not wait for is in the pool."""
    gr.set_num_threads(2)
    stop = threading.Event()
    threading.Thread(target=busy, args=(stop,), daemon=True).start()
    assert is_right()


if __name__ == "__main__":
    faulthandler.register(signal.SIGALRM, chain=True)  # say where, then end
    signal.alarm(PATIENCE)
    globals()[sys.argv[1]]()
