"""A fork while another thread is in LLVM: the child can compile."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, threading, time
import llvmlite.binding as llvm
import numpy as np
import gradir as gr

gr.grad(lambda x: np.sum(x), cache=False)(np.ones(3))
inside, left = threading.Event(), threading.Event()

def stay():
    with llvm.ffi.lib._lock:  # as the finalizer of a module does, which takes no lock of gradir's
        inside.set()
        time.sleep(0.3)
        left.set()

thread = threading.Thread(target=stay)
thread.start()
inside.wait()
child = os.fork()
assert left.is_set()
if child == 0:
    signal.alarm(60)
    slope = gr.grad(lambda x: np.sum(x**2), cache=False)(np.ones(3))
    os._exit(0 if slope[0] == 2.0 else 3)
thread.join()
assert os.waitpid(child, 0)[1] == 0
print(gr.grad(lambda x: np.sum(x**3), cache=False)(np.ones(3))[0])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_waits_for_llvm() -> None:
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", SCRIPT], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "3.0"
