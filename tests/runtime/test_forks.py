"""A fork while another thread compiles: the child can compile, and collects its garbage."""

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
RESTING = """
import gc, os, threading
from gradir.collector import collector_rests

inside, over = threading.Event(), threading.Event()

def rest():
    with collector_rests():
        inside.set()
        over.wait()

thread = threading.Thread(target=rest)
thread.start()
inside.wait()
assert not gc.isenabled()
child = os.fork()
if child == 0:
    os._exit(0 if gc.isenabled() else 3)
over.set()
thread.join()
assert os.waitpid(child, 0)[1] == 0
print(gc.isenabled())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_collects_garbage_though_its_parent_rests() -> None:
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", RESTING], capture_output=True, text=True)
    assert (run.returncode, run.stdout.strip()) == (0, "True"), run.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_waits_for_llvm() -> None:
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", SCRIPT], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "3.0"
