"""The shape of the repository: what stands where, which part may import which, what the metadata says."""

from __future__ import annotations

import ast
import fnmatch
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = {"compiler": "gradir", "runtime": "gradir.runtime"}
TOP_LEVEL = {
    *("compiler", "runtime", "tests", "examples", "docs", "benchmarks", ".ci"),
    *("pyproject.toml", "README.md", "LICENSE", ".gitignore"),
}
FORBIDDEN_NAMES = {"utils", "helpers", "core", "common", "basic", "misc"}

# What each part may import of the package, besides itself. Modules that are not listed join the parts.
ALLOWED = {
    "errors": {"ir"},
    "reads": set(),
    "sources": set(),
    "timings": set(),
    "ir": {"errors"},
    "ops": {"errors", "ir"},
    "passes": {"errors", "ir", "ops"},
    "trace": {"errors", "ir", "ops", "passes", "reads"},
    "lower": {"errors", "ir", "ops", "passes"},
    "runtime": {"errors", "ir", "ops", "passes", "lower", "reads", "sources", "timings"},
    "view": {"errors", "ir", "lower"},
}
HEAVY = {"numba", "llvmlite", "graphviz", "matplotlib", "scipy.linalg", "scipy.special"}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def source_files() -> Iterator[tuple[str, Path]]:
    """Yield the module name and the path of every file of the package."""
    for folder, package in SOURCES.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            inner = path.relative_to(ROOT / folder).with_suffix("").parts
            yield ".".join([package, *inner]), path


def text_files() -> Iterator[Path]:
    for name in sorted(TOP_LEVEL):
        entry = ROOT / name
        files = sorted(entry.rglob("*")) if entry.is_dir() else [entry]
        for path in files:
            if path.is_file() and path.suffix not in {".pyc", ".png", ".pdf"}:
                yield path


@cache
def imported(module: str, source: str) -> tuple[str, ...]:
    """Return the absolute names that the file of `module` imports, wherever in the file it does."""
    return tuple(_imported(module, source))


def _imported(module: str, source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")[: -node.level] if node.level else []
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from (".".join([*base, name]) for name in names)


def part(module: str) -> str | None:
    """Return the part of the package that a module belongs to; None for another project's."""
    package, _, rest = module.partition(".")
    return rest.partition(".")[0] if package == "gradir" else None


def forbidden_imports(module: str, source: str) -> list[str]:
    home = part(module)
    if home not in ALLOWED:
        return []
    parts = {name: part(name) for name in imported(module, source)}
    return [name for name, of in parts.items() if of is not None and of not in {home, *ALLOWED[home]}]


def readme_commands() -> list[str]:
    readme = (ROOT / "README.md").read_text()
    return [block.strip() for block in re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)]


def test_dependencies_point_one_way() -> None:
    found = {module: forbidden_imports(module, path.read_text()) for module, path in source_files()}
    assert {module: names for module, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("module", "line", "bad"),
    [
        ("gradir.ir.graph", "from ..ops.table import OPS", ["gradir.ops.table"]),
        ("gradir.ir.graph", "from .types import Type", []),
        ("gradir.ir.graph", "from .. import passes", ["gradir.passes"]),
        ("gradir.trace.tracer", "def f():\n  import gradir.lower.llvm", ["gradir.lower.llvm"]),
        ("gradir.runtime.call", "from ..lower import kernels", []),
        ("gradir.runtime.call", "from ..api import grad", ["gradir.api"]),
        ("gradir.api", "from .lower import kernels", []),
    ],
)
def test_the_dependency_check_sees_every_form_of_import(module: str, line: str, bad: list[str]) -> None:
    assert forbidden_imports(module, line) == bad


def test_nobody_imports_the_package_by_the_name_of_its_folder() -> None:
    found = {
        module: {n.partition(".")[0] for n in imported(module, p.read_text())} for module, p in source_files()
    }
    assert [module for module, names in found.items() if names & set(SOURCES)] == []


def test_the_package_list_is_the_directories() -> None:
    folders = {module.rpartition(".")[0] for module, _ in source_files()}
    assert set(project()["tool"]["setuptools"]["packages"]) == folders


def test_every_package_has_an_init_file() -> None:
    modules = {module for module, _ in source_files()}
    assert {f"{package}.__init__" for package in project()["tool"]["setuptools"]["packages"]} <= modules


def test_every_dependency_is_declared_and_used() -> None:
    names = {name for module, path in source_files() for name in imported(module, path.read_text())}
    foreign = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"gradir"}
    declared = {re.split(r"[<>=]", line)[0] for line in project()["project"]["dependencies"]}
    assert foreign == declared


def test_the_top_level_is_fixed() -> None:
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()]
    there = {
        path.name
        for path in ROOT.iterdir()
        if path.name != ".git" and not any(fnmatch.fnmatch(path.name, pattern) for pattern in ignored)
    }
    assert there == TOP_LEVEL


def test_file_names_say_what_is_inside() -> None:
    names = {path.stem for folder in (*SOURCES, "tests") for path in (ROOT / folder).rglob("*.py")}
    assert names & FORBIDDEN_NAMES == set()


def test_importing_gradir_imports_nothing_heavy() -> None:
    program = "import sys, gradir; print(*sys.modules, sep='\\n')"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "gradir" in loaded
    assert loaded & HEAVY == set()


def test_no_file_names_a_machine() -> None:
    places = "|".join(["work", "home", "root", "Users", "tmp"])
    pattern = re.compile(rf"(?<![\w.*}}-])/({places})/|\bpypi\.org\b|\bnpmjs\b|\bdeb\.debian\b")
    found = {
        str(path.relative_to(ROOT)): match.group()
        for path in text_files()
        if path != Path(__file__) and (match := pattern.search(path.read_text()))
    }
    assert found == {}


def test_the_readme_has_one_command_to_train_and_one_to_test() -> None:
    train, check = readme_commands()
    assert "'.[examples]'" in train
    assert train.endswith("examples/digits.py")
    assert "'.[test]'" in check
    assert "-m pytest" in check


def test_ci_runs_the_test_command_of_the_readme() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert readme_commands()[1] in [line.strip() for line in lines]


def test_links_of_the_readme_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^):]+)\)", (ROOT / "README.md").read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []
