"""What a user decides about the disk cache, and what they notice of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir import sources
from gradir.runtime import code_key

X = np.linspace(0.1, 1.0, 11)


@pytest.fixture(autouse=True)
def folder(disk_cache: Path) -> Path:
    return disk_cache


def loss(x: Any) -> Any:
    return np.sum(np.exp(x) * x)


def from_disk(**options: Any) -> bool:
    return bool(gr.grad(loss, **options).inspect(X).compiled.from_disk)


def test_it_is_on_by_default(folder: Path) -> None:
    assert not from_disk()
    assert from_disk()
    info = gr.cache.info()
    assert (info.folder, info.entries, info.limit, info.off) == (folder, 1, 256 << 20, None)
    assert info.bytes == sum(path.stat().st_size for path in folder.iterdir())


def test_it_can_be_emptied(folder: Path) -> None:
    from_disk()
    gr.cache.clear()
    assert gr.cache.info().entries == 0
    assert not from_disk()


def test_a_function_can_do_without(folder: Path) -> None:
    assert not from_disk(cache=False)
    assert not folder.exists()
    from_disk()
    assert not from_disk(cache=False)
    assert not gr.jit(loss, cache=False).inspect(X).compiled.from_disk
    assert not gr.value_and_grad(cache=False)(loss).inspect(X).compiled.from_disk
    gr.vjp(loss, X, cache=False)
    assert gr.cache.info().entries == 1


def test_vjp_uses_it() -> None:
    gr.vjp(lambda x: np.sin(x), X)
    assert gr.cache.info().entries == 2


def test_the_call_that_needs_no_python_is_kept_too() -> None:
    f = gr.grad(loss)
    for _ in range(3):
        f(X)
    assert f.cache_info().hits == 2


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("GRADIR_CACHE", "0", "GRADIR_CACHE turns it off"),
        ("GRADIR_CACHE", "off", "GRADIR_CACHE turns it off"),
        ("GRADIR_CACHE_DIR", "", "GRADIR_CACHE_DIR is empty"),
    ],
)
def test_it_can_be_turned_off(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(name, value)
    assert not from_disk()
    assert not from_disk()
    assert gr.cache.info() == (None, 0, 0, 0, reason)
    gr.cache.clear()
    assert not folder.exists()


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def where() -> Path | None:
        return gr.cache.info().folder

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("~/a", "a", str(tmp_path / "a")):
        monkeypatch.setenv("GRADIR_CACHE_DIR", given)
        assert where() == tmp_path / "a"
    monkeypatch.delenv("GRADIR_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert where() == tmp_path / "xdg" / "gradir"
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert where() == tmp_path / ".cache" / "gradir"
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # of a user without a home folder
    assert where() is None
    assert gr.cache.info().off == "there is no home folder to keep it in"
    assert not from_disk()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("1000", 1000),
        ("64k", 64 << 10),
        ("500M", 500 << 20),
        ("2GB", 2 << 30),
        ("", 256 << 20),
        ("0", 0),
    ],
)
def test_its_limit(monkeypatch: pytest.MonkeyPatch, text: str, limit: int) -> None:
    monkeypatch.setenv("GRADIR_CACHE_SIZE", text)
    assert gr.cache.info().limit == limit


@pytest.mark.parametrize("text", ["much", "-1", "2 GB", "1.5G", "10T"])
def test_a_limit_that_is_none(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("GRADIR_CACHE_SIZE", text)
    with pytest.warns(RuntimeWarning, match=f"^GRADIR_CACHE_SIZE='{text}' is no number of bytes"):
        assert gr.cache.info().limit == 256 << 20


def test_a_folder_that_cannot_be_used_is_no_reason_not_to_compile(folder: Path) -> None:
    folder.write_text("in its place")
    with pytest.warns(RuntimeWarning, match="is no folder"):
        assert not from_disk()
    assert gr.cache.info().off == f"{folder} is no folder"
    np.testing.assert_allclose(gr.grad(loss)(X), np.exp(X) * (1 + X))


def test_to_ask_makes_no_folder(folder: Path) -> None:
    assert gr.cache.info().off is None
    assert not folder.exists()


# -- gradir's own sources


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "package" / "inner").mkdir(parents=True)
    (tmp_path / "package" / "one.py").write_text("1")
    (tmp_path / "package" / "inner" / "two.py").write_text("2")
    return tmp_path / "package"


def test_a_changed_source_is_another_compiler(package: Path) -> None:
    digest = sources.sources_digest([str(package)])
    assert digest == sources.sources_digest([str(package)])
    for path, text in ((package / "one.py", "3"), (package / "inner" / "two.py", "3")):
        before = path.stat()
        path.write_text(text)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        new = sources.sources_digest([str(package)])
        assert new not in (None, digest)
        digest = new
    (package / "one.py").rename(package / "three.py")
    assert sources.sources_digest([str(package)]) != digest


def test_a_source_changed_since_the_import_says_nothing(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process runs the old code; it must not pass it off as the new one's."""
    latest = max(path.stat().st_ctime_ns for path in package.rglob("*.py"))
    monkeypatch.setattr(sources, "_IMPORTED", latest)
    assert sources.sources_digest([str(package)])
    monkeypatch.setattr(sources, "_IMPORTED", latest - 1)
    assert sources.sources_digest([str(package)]) is None
    os.utime(package / "one.py", (0, 0))  # some tools set the time of the content back
    assert sources.changed([str(package)])


def test_without_sources_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for nowhere in (tmp_path, tmp_path / "archive.zip" / "gradir"):
        assert sources.sources_digest([str(nowhere)]) is None
    monkeypatch.setattr(code_key, "changed", lambda folders: True)
    assert not from_disk()
    assert gr.cache.info().entries == 0


# -- new processes

PROGRAM = """
import numpy as np
import gradir as gr

{lines}def f(x, k):
    if k == 3:
        raise ValueError("k is three")
    return np.sum(x @ x.T) * np.sum(np.exp(x[k]))

g = gr.value_and_grad(f)
x = np.linspace(0.0, 1.0, 100).reshape(10, 10)
print(g.inspect(x, 2).compiled.from_disk)
print(g(x, 2)[0].hex(), np.sum(g(x, 2)[1] * np.arange(10)).hex())
for k in (3, 11):
    try:
        g(x, k)
    except (ValueError, IndexError) as error:
        print(type(error).__name__, error)
"""


def run(script: Path, lines: int) -> list[str]:
    script.write_text(PROGRAM.format(lines="\n" * lines))
    command = [sys.executable, "-W", "error", str(script)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_new_process_finds_it_and_errors_are_where_the_code_is_now(tmp_path: Path) -> None:
    first, second, moved = (run(tmp_path / "program.py", lines) for lines in (0, 0, 5))
    assert (first[0], second[0], moved[0]) == ("False", "True", "True")
    assert first[1:] == second[1:]
    assert first[1] == moved[1]
    assert [line for line in first if "at " in line] != []
    for line, now in zip(first, moved, strict=True):
        if "program.py:" in line:
            place, _, number = line.partition(" in ")[0].rpartition(":")
            assert now.startswith(f"{place}:{int(number) + 5}")


def test_processes_that_compile_the_same_at_once(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(PROGRAM.format(lines=""))
    command = [sys.executable, "-W", "error", str(script)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    results = [process.communicate(timeout=120)[0].splitlines()[1:] for process in running]
    assert all(process.returncode == 0 for process in running)
    assert results[0] == results[1] == results[2] == run(script, 0)[1:]
