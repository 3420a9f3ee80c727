"""Each family's program, run once against a real model server and a real backend."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from backend import db
from tests.databases import SqliteDatabases
from tests.e2e.conftest import SharedServer
from tests.e2e.server import ServerProcess, environment
from tests.e2e.workspace import ALL_DAYS, Workspace
from tests.frameworks.families import FAMILIES, Family, known
from tests.frameworks.model_server import ModelServer, Served

ROOT = Path(__file__).parents[2]
_PYTHON = ROOT / ".venv-frameworks" / "bin" / "python"
_AGENTS = Path(__file__).parent / "agents"

#: Settings of the machine that would make a framework trace, or ask somebody else.
_FOREIGN = ("ANTHROPIC_", "LANGCHAIN_", "LANGSMITH_", "LOGFIRE_", "PYDANTIC_", "TRACELOOP_")


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a family's program: what was served, what happened, and what the backend says.

    `served` is what the tracer can know of it. `ledger` has a line for each run that ended and each
    execution of a tool.
    """

    served: tuple[Served, ...]
    calls_of_agents: Mapping[str, int]
    ledger: tuple[dict[str, Any], ...]
    workspace: Workspace

    def happened(self, kind: str) -> Counter[tuple[str, bool]]:
        """Return how often each run or tool happened, by its name and whether it went well."""
        return Counter((fact[kind], fact["ok"]) for fact in self.ledger if kind in fact)

    def answer(self, path: str) -> Any:
        """Return what the backend answers on `path`, over all days."""
        query = ALL_DAYS if "metrics" in path and "overview" not in path else None
        return self.workspace.client.get(f"/api/obs{path}", query).body

    def sums(self) -> dict[str, Counter[str]]:
        """Return the numbers of `/metrics/agents` by the agent's name."""
        names = self.workspace.agent_names()
        sums: dict[str, Counter[str]] = {}
        for row in self.answer("/metrics/agents")["metrics"]:
            numbers = {name: value for name, value in row.items() if name in _SUMMED}
            sums.setdefault(names[row["agent_id"]], Counter()).update(numbers)
        return sums

    def total(self) -> Counter[str]:
        """Return the same over all agents."""
        return sum(self.sums().values(), Counter())


_SUMMED = (
    "llm_calls",
    "llm_errors",
    "unpriced_calls",
    "total_tokens_in",
    "total_tokens_out",
    "total_tokens_cache_read",
    "total_tokens_cache_write",
    "total_tokens_reasoning",
    "total_cost_usd",
)


@pytest.fixture(scope="session")
def backend(
    sqlite_databases: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedServer]:
    log_file = tmp_path_factory.mktemp("server") / "server.log"
    with sqlite_databases.migrated() as url, ServerProcess(url, log_file=log_file) as process:
        engine = db.engine_for(url)
        yield SharedServer(process, engine)
        engine.dispose()


@pytest.fixture(scope="session", params=FAMILIES, ids=lambda family: family.name)
def played(
    request: pytest.FixtureRequest,
    backend: SharedServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Played]:
    """A family's program, run to its end in a process of its own."""
    family: Family = request.param
    ledger = tmp_path_factory.mktemp("program") / "ledger.jsonl"
    workspace = backend.workspace()
    with workspace.client, ModelServer() as model_server:
        _run(family, workspace=workspace, model_server=model_server, ledger=ledger)
        facts = tuple(map(json.loads, ledger.read_text(encoding="utf-8").splitlines()))
        served = tuple(known(call, family.untold) for call in model_server.served())
        yield Played(served, family.calls, facts, workspace)


def _run(family: Family, *, workspace: Workspace, model_server: ModelServer, ledger: Path) -> None:
    assert _PYTHON.exists(), "no frameworks are installed: make test-frameworks"
    env = environment(
        "",
        PYTHONPATH=str(ROOT),
        LEDGER=str(ledger),
        OBS_ENDPOINT=workspace.server.base_url,
        OBS_API_KEY=workspace.key,
        OPENAI_BASE_URL=f"{model_server.address}/v1",
        OPENAI_API_KEY="scripted",
    )
    clean = {name: value for name, value in env.items() if not name.startswith(_FOREIGN)}
    anthropic = {"ANTHROPIC_BASE_URL": model_server.address, "ANTHROPIC_API_KEY": "scripted"}
    done = subprocess.run(
        [_PYTHON, _AGENTS / f"{family.program}.py", *family.arguments],
        env=clean | anthropic,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
