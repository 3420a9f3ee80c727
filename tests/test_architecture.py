"""Who may import whom, and what `import otel_bridge` costs the agent that does it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: The parts of the backend that answer requests. They build on the rest, not on each other.
AREAS = frozenset({"agents", "alerts", "auth", "ingest", "metrics", "pricing", "ui"})

#: What puts the areas together: nothing that they put together imports them.
ASSEMBLY = frozenset({"app", "cli", "commands", "demo", "explain", "scheduler", "wsgi"})

#: Imports of an area that need a reason.
ALLOWED = {
    ("alerts", "metrics"): "an alert measures what the chart shows",
    ("ingest", "pricing"): "an event gets its cost, ranked, before it is stored",
    ("services", "auth"): "the caches of keys and logins live as long as the app",
    ("services", "pricing"): "so do the owners' price books",
}

#: Any area may import this one: its decorators decide who may call a view.
ACCESS = "auth"

#: Lines; a function that does not fit on a screen does more than one thing.
LONGEST_FILE = 300
LONGEST_FUNCTION = 60

SERVER_ONLY = {"alembic", "argon2", "click", "flask", "granian", "msgspec", "psycopg", "sqlalchemy"}


def _python_files(package: str) -> Iterator[tuple[str, Path]]:
    """Yield (dotted module name, file) of every module below `package`."""
    for file in sorted((ROOT / package).rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), file


def _nodes_of(tree: ast.AST, *, in_functions: bool) -> Iterator[ast.AST]:
    """Yield the nodes below `tree`, those inside of functions only where asked for."""
    for node in ast.iter_child_nodes(tree):
        yield node
        if in_functions or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _nodes_of(node, in_functions=in_functions)


def _imports_of(file: Path, *, in_functions: bool = True) -> set[str]:
    """Return the dotted names that a file imports, by default wherever in the file it does so.

    `from a.b import c` is `a.b.c`, whether c is a module or a name in one.
    """
    names: set[str] = set()
    tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    for node in _nodes_of(tree, in_functions=in_functions):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def _part_of(module: str) -> str:
    """Return `metrics` of `backend.metrics.routes`; the package itself is the empty string."""
    return module.split(".")[1] if "." in module else ""


def _parts_of_the_backend() -> set[str]:
    """Return the names of the backend's modules and packages."""
    return {path.stem for path in (ROOT / "backend").iterdir() if path.stem[0] not in "_."}


def _backend_imports() -> Iterator[tuple[str, str, str]]:
    """Yield (module, its part of the backend, the part it imports) for imports across parts."""
    parts = _parts_of_the_backend()
    for module, file in _python_files("backend"):
        names = (name for name in _imports_of(file) if name.startswith("backend."))
        for imported in sorted({_part_of(name) for name in names} & parts - {_part_of(module)}):
            yield module, _part_of(module), imported


def test_the_bridge_never_imports_the_backend():
    offenders = [
        module
        for module, file in _python_files("otel_bridge")
        if any(name.split(".")[0] in {"backend", "migrations"} for name in _imports_of(file))
    ]
    assert offenders == []


def test_the_bridge_imports_nothing_that_only_the_server_installs():
    offenders = [
        (module, name)
        for module, file in _python_files("otel_bridge")
        for name in _imports_of(file)
        if name.split(".")[0] in SERVER_ONLY
    ]
    assert offenders == []


def test_areas_of_the_backend_do_not_import_each_other():
    offenders = [
        f"{module} imports backend.{imported}"
        for module, part, imported in _backend_imports()
        if part in AREAS
        and imported in AREAS
        and imported != ACCESS
        and (part, imported) not in ALLOWED
    ]
    assert offenders == []


def test_what_is_shared_by_the_areas_imports_none_of_them():
    shared_needs_area = [
        f"{module} imports backend.{imported}"
        for module, part, imported in _backend_imports()
        if part
        and part not in AREAS | ASSEMBLY
        and imported in AREAS
        and (part, imported) not in ALLOWED
    ]
    assert shared_needs_area == []


def test_nothing_imports_what_puts_it_together():
    offenders = [
        f"{module} imports backend.{imported}"
        for module, part, imported in _backend_imports()
        if imported in ASSEMBLY and part not in ASSEMBLY
    ]
    assert offenders == []


def _module_of(name: str, modules: set[str]) -> str | None:
    """Return the module that holds a dotted name: `a.b` of `a.b.Thing`."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


@pytest.mark.parametrize("package", ["otel_bridge", "backend"])
def test_no_module_imports_itself_through_others(package: str):
    modules = {module for module, _ in _python_files(package)}
    graph = {
        module: {_module_of(name, modules) for name in _imports_of(file, in_functions=False)}
        - {None, module}
        for module, file in _python_files(package)
    }
    # Raises CycleError, which names the circle.
    assert len(list(TopologicalSorter(graph).static_order())) == len(modules)


@pytest.mark.parametrize("part", ["store", "models"])
def test_the_data_layer_knows_nothing_of_the_web(part: str):
    offenders = [
        (module, name)
        for module, file in _python_files(f"backend/{part}")
        for name in _imports_of(file)
        if name.split(".")[0] in {"flask", "werkzeug", "granian"}
    ]
    assert offenders == []


@pytest.mark.parametrize("package", ["otel_bridge", "backend"])
def test_files_and_functions_stay_short(package: str):
    too_long = []
    for module, file in _python_files(package):
        text = file.read_text(encoding="utf-8")
        if len(text.splitlines()) > LONGEST_FILE:
            too_long.append(module)
        too_long.extend(
            f"{module}.{node.name}"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or node.lineno) - node.lineno >= LONGEST_FUNCTION
        )
    assert too_long == []


def _after_importing_the_bridge() -> dict[str, object]:
    """Return what a fresh process finds after `import otel_bridge`, its CPU seconds included."""
    program = """
import json, sys, threading, time
before = time.process_time()
import otel_bridge
cpu_s = time.process_time() - before
loaded = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"cpu_s": cpu_s, "loaded": loaded, "threads": threading.active_count()}))
"""
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    found: dict[str, object] = json.loads(answer.stdout)
    return found


@pytest.fixture(scope="module")
def imported() -> dict[str, object]:
    return _after_importing_the_bridge()


def test_importing_the_bridge_loads_nothing_of_the_server(imported: dict[str, object]):
    loaded = imported["loaded"]
    assert isinstance(loaded, list)
    assert (SERVER_ONLY | {"backend"}) & set(loaded) == set()


def test_importing_the_bridge_takes_less_than_a_second_of_cpu_time(imported: dict[str, object]):
    cpu_s = imported["cpu_s"]
    assert isinstance(cpu_s, float)
    assert cpu_s < 1


def test_importing_the_bridge_starts_no_thread(imported: dict[str, object]):
    assert imported["threads"] == 1
