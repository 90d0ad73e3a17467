"""The folder of entries: what is damaged, in the way, too large or somebody else's is not there."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from gradir.runtime.disk_cache import DiskCache, packed, unpacked

KEY = "0" * 64
CONTENT = b"machine code" * 100


@pytest.fixture
def store(tmp_path: Path) -> DiskCache:
    return DiskCache(tmp_path / "cache", 1 << 20)


def entry(store: DiskCache) -> Path:
    (path,) = store.folder.iterdir()
    return path


def test_what_was_written_is_read(store: DiskCache) -> None:
    assert store.read(KEY) is None
    store.write(KEY, CONTENT)
    assert store.read(KEY) == CONTENT
    assert store.read("1" * 64) is None


def test_only_the_user_can_read_it(store: DiskCache) -> None:
    store.write(KEY, CONTENT)
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(entry(store).stat().st_mode) == 0o600


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut in the head": lambda data: data[:20],
    "cut": lambda data: data[:-1],
    "longer": lambda data: data + b"\0",
    "another format": lambda data: data.replace(b"object 1", b"object 0"),
    "no entry at all": lambda data: b"\x7fELF" + data,
    "zeros": lambda data: bytes(len(data)),
    "another's": lambda data: packed("1" * 64, CONTENT),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_not_there_until_written_anew(
    store: DiskCache, damage: Callable[[bytes], bytes]
) -> None:
    store.write(KEY, CONTENT)
    path = entry(store)
    path.write_bytes(damage(path.read_bytes()))
    assert store.read(KEY) is None
    store.write(KEY, CONTENT)
    assert store.read(KEY) == CONTENT


def test_any_flipped_bit_is_seen() -> None:
    data = packed(KEY, CONTENT)
    for k in range(len(data)):
        for bit in (0, 7):
            assert unpacked(KEY, data[:k] + bytes([data[k] ^ 1 << bit]) + data[k + 1 :]) is None
    assert unpacked(KEY, data) == CONTENT


@pytest.mark.parametrize("kind", ["folder", "link", "dangling link", "pipe"])
def test_something_else_in_its_place(store: DiskCache, tmp_path: Path, kind: str) -> None:
    store.write(KEY, CONTENT)
    path = entry(store)
    path.rename(tmp_path / "elsewhere")
    match kind:
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to(tmp_path / "elsewhere")
        case "dangling link":
            path.symlink_to(tmp_path / "nowhere")
        case "pipe":
            os.mkfifo(path)
    assert store.read(KEY) is None
    store.write(KEY, CONTENT)
    assert store.read(KEY) == (None if kind == "folder" else CONTENT)
    assert [p.name for p in store.folder.iterdir()] == [path.name]


def test_an_entry_that_others_may_write_is_not_read(store: DiskCache) -> None:
    store.write(KEY, CONTENT)
    entry(store).chmod(0o620)
    assert store.read(KEY) is None


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_folder_that_others_may_write_is_refused_with_one_warning(store: DiskCache, mode: int) -> None:
    store.write(KEY, CONTENT)
    store.folder.chmod(mode)
    with pytest.warns(RuntimeWarning, match="others may write to .*; `chmod go-w` it"):
        assert store.read(KEY) is None
    for _ in range(3):  # a second warning would be an error
        store.write(KEY, CONTENT)
        assert store.read(KEY) is None
    assert "others may write" in (store.problem() or "")


def test_a_folder_of_another_user_is_refused(store: DiskCache, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(KEY, CONTENT)
    monkeypatch.setattr(os, "geteuid", lambda: store.folder.stat().st_uid + 1)
    with pytest.warns(RuntimeWarning, match="belongs to another user"):
        assert store.read(KEY) is None


def test_a_file_in_the_folders_place(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    store = DiskCache(tmp_path / "cache", 1 << 20)
    with pytest.warns(RuntimeWarning, match="is no folder"):
        assert store.read(KEY) is None
    store.write(KEY, CONTENT)
    assert store.problem() == f"{store.folder} is no folder"
    inside = DiskCache(tmp_path / "cache" / "inside", 1 << 20)
    inside.write(KEY, CONTENT)
    assert inside.read(KEY) is None
    assert inside.problem() == f"{store.folder} cannot be written"


def test_a_full_disk(store: DiskCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    store.write("1" * 64, CONTENT)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        store.write(KEY, CONTENT)
    assert len(list(store.folder.iterdir())) == 1
    assert store.read(KEY) is None


def test_a_folder_that_goes_away(store: DiskCache) -> None:
    store.write(KEY, CONTENT)
    entry(store).unlink()
    store.folder.rmdir()
    assert store.read(KEY) is None
    assert store.sizes() == []
    store.evict()
    store.clear()
    store.write(KEY, CONTENT)
    assert store.read(KEY) == CONTENT


def test_a_folder_that_cannot_be_written(store: DiskCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anywhere, so that here the system says that it is read-only."""

    def refused(path: object, flags: int, *mode: int) -> int:
        if flags & os.O_CREAT:
            raise OSError(30, "Read-only file system")
        return opened(path, flags, *mode)

    opened = os.open
    store.write(KEY, CONTENT)
    monkeypatch.setattr(os, "open", refused)
    monkeypatch.setattr(os, "utime", lambda *args: refused("", os.O_CREAT))
    store.write("1" * 64, CONTENT)
    assert store.read("1" * 64) is None
    assert store.read(KEY) == CONTENT


# -- the limit


def _filled(store: DiskCache, count: int) -> list[str]:
    keys = [f"{k:x}" * 64 for k in range(count)]
    for k, key in enumerate(keys):
        store.write(key, CONTENT)
        os.utime(store._path(key), (k, k))
    return keys


def test_what_was_not_used_for_the_longest_time_goes(tmp_path: Path) -> None:
    size = len(packed(KEY, CONTENT))
    store = DiskCache(tmp_path / "cache", 10 * size)
    keys = _filled(store, 8)
    assert store.read(keys[0]) is not None  # that is a use
    store.write("9" * 64, CONTENT)
    store.write("a" * 64, CONTENT)
    assert len(store.sizes()) == 10
    store.write("b" * 64, CONTENT)
    assert len(store.sizes()) == 9
    left = {key for key in (*keys, "9" * 64, "a" * 64, "b" * 64) if store.read(key) is not None}
    assert left == {keys[0], *keys[3:], "9" * 64, "a" * 64, "b" * 64}


def test_the_folder_is_measured_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []
    monkeypatch.setattr(DiskCache, "evict", lambda self: measured.append(self))
    store = DiskCache(tmp_path / "cache", len(CONTENT) * 1000)
    for k in range(16):
        store.write(f"{k:x}" * 64, CONTENT)
    assert len(measured) == 2
    store.write("1" * 64, CONTENT * 20)  # as large an entry makes a difference
    assert len(measured) == 3


def test_an_entry_that_would_fill_the_cache_is_not_kept(tmp_path: Path) -> None:
    store = DiskCache(tmp_path / "cache", len(CONTENT))
    store.write(KEY, CONTENT)
    assert store.sizes() == []


def test_what_a_process_left_unfinished_goes_after_a_while(store: DiskCache) -> None:
    store.write(KEY, CONTENT)
    new, old = (store.folder / f"{name}.unfinished" for name in ("new", "old"))
    foreign = store.folder / "notes.txt"
    for path in (new, old, foreign):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    store.evict()
    assert (new.exists(), old.exists(), foreign.exists()) == (True, False, True)
    store.clear()
    assert list(store.folder.iterdir()) == [foreign]


# -- several processes

WRITER = """
import sys, hashlib
from pathlib import Path
from gradir.runtime.disk_cache import DiskCache
store = DiskCache(Path(sys.argv[1]), int(sys.argv[2]))
wrong = found = 0
for turn in range(300):
    key = hashlib.sha256(b"%d" % (turn % 10)).hexdigest()
    want = key.encode() * 200
    got = store.read(key)
    wrong += got not in (None, want)
    found += got is not None
    store.write(key, want)
    if turn % 50 == 25:
        store.clear()
print(wrong, found > 0)
"""


@pytest.mark.parametrize("limit", [1 << 20, 60_000])
def test_processes_that_write_evict_and_clear_at_once(store: DiskCache, limit: int) -> None:
    command = [sys.executable, "-W", "error", "-c", WRITER, str(store.folder), str(limit)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for process in running:
        out, err = process.communicate(timeout=120)
        wrong, was_found = out.split()
        assert (wrong, err) == ("0", "")
        assert was_found == "True" or limit == 60_000, "those just used may be the ones evicted"
    DiskCache(store.folder, limit).evict()
    assert sum(store.sizes()) <= limit
    assert all(path.suffix == ".object" for path in store.folder.iterdir())


def test_nothing_is_said_where_nothing_can_be_kept(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nowhere = DiskCache(Path(os.devnull) / "cache", 1 << 20)
        nowhere.write(KEY, CONTENT)
        assert nowhere.read(KEY) is None
        assert nowhere.sizes() == []
