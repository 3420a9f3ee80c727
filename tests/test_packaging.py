"""What is installed: the lock, the wheel, its commands and entry points."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


LOCKS = ("requirements.lock", "tests/frameworks/requirements.lock")


def _locked(lock: str) -> dict[str, str]:
    """Return the versions that a lock pins, by package."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


def _unmet(requirements: Iterable[Requirement], *, lock: str) -> list[str]:
    locked = _locked(lock)
    return [
        str(requirement)
        for requirement in requirements
        if not requirement.specifier.contains(locked.get(requirement.name, "0"), prereleases=True)
    ]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory"]
    subprocess.run([*build, str(folder)], check=True, capture_output=True, cwd=ROOT, timeout=60)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def _all_requirements(project: dict[str, Any]) -> list[Requirement]:
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return [Requirement(text) for group in groups for text in group]


def test_the_lock_satisfies_every_requirement(project):
    assert _unmet(_all_requirements(project), lock="requirements.lock") == []


def test_the_lock_of_the_frameworks_satisfies_the_bridge_and_every_framework(project):
    lines = (ROOT / "tests/frameworks/requirements.in").read_text().splitlines()
    frameworks = [line for line in lines if not line.startswith("#")]
    wanted = map(Requirement, [*project["dependencies"], *frameworks])
    assert _unmet(wanted, lock="tests/frameworks/requirements.lock") == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_hash(lock):
    packages = re.split(r"\n(?=[a-z])", (ROOT / lock).read_text().strip())
    assert [package for package in packages if "--hash=sha256:" not in package] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_address(lock):
    text = (ROOT / lock).read_text()
    assert re.findall(r"://|--(?:extra-)?index|--find-links|\bfile:", text) == []


def test_a_process_that_only_imports_the_client_installs_no_server(project):
    names = {Requirement(text).name for text in project["dependencies"]}
    assert names == {
        "genai-prices",
        "opentelemetry-api",
        "opentelemetry-sdk",
        "typing-extensions",
        "urllib3",
    }


def test_the_wheel_brings_the_migrations_that_the_server_needs(wheel):
    files = set(wheel.namelist())
    revisions = {f"migrations/versions/{path.name}" for path in _revisions()}
    assert files >= {"migrations/env.py", "migrations/script.py.mako", *revisions}


def test_the_wheel_tells_type_checkers_that_it_is_typed(wheel):
    assert "otel_bridge/py.typed" in wheel.namelist()


def test_the_wheel_holds_no_tests(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"otel_bridge", "backend", "migrations", "otel_bridge-0.1.0.dist-info"}


def test_the_exporter_is_found_by_the_name_obs():
    (entry,) = entry_points(group="opentelemetry_traces_exporter", name="obs")
    assert entry.load().__name__ == "ObsSpanExporter"


def test_opentelemetry_instrument_sets_the_bridge_up():
    (entry,) = entry_points(group="opentelemetry_pre_instrument", name="obs")
    assert entry.load().__name__ == "configure_from_environment"


def test_the_command_is_installed():
    (entry,) = entry_points(group="console_scripts", name="otel-bridge")
    assert callable(entry.load())


def _revisions() -> list[Path]:
    return list((ROOT / "migrations" / "versions").glob("[0-9]*.py"))
