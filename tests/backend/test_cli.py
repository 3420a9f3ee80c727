"""`otel-bridge`, as a person or a script runs it: real processes on a real database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
import urllib3
from click.testing import CliRunner
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from backend import db
from backend.cli import cli
from tests.e2e.server import Client, ServerProcess, command, environment, free_port, run_command

CAPTURES = Path(__file__).parent.parent / "captures"
EMAIL = "ada@example.com"
GROUPS = ((), ("db",), ("user",), ("key",), ("price",))
COMMANDS = (
    *("serve", "demo", "db", "user", "key", "seed"),
    *("price", "unpriced", "recalculate", "generate-events", "aggregate", "explain", "replay"),
)


def create_user(url: str, *, stdin: str = "correct horse") -> subprocess.CompletedProcess[str]:
    return run_command("user", "create", EMAIL, "--password-stdin", database_url=url, stdin=stdin)


def create_key(url: str, *scopes: str) -> str:
    options = [word for scope in scopes for word in ("--scope", scope)]
    done = run_command(
        "key", "create", "--user", EMAIL, "--name", "test", *options, database_url=url
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_one_clear_line(done: subprocess.CompletedProcess[str]) -> bool:
    return done.returncode != 0 and len(done.stderr.strip().splitlines()) == 1


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/obs.db"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        *((name,) for name in COMMANDS),
        ("db", "upgrade"),
        ("db", "downgrade"),
        ("db", "current"),
        ("db", "check"),
        ("db", "vacuum"),
        ("user", "create"),
        ("key", "create"),
        *(("price", name) for name in ("set", "list", "remove")),
    ],
)
def test_help_is_everywhere(arguments: tuple[str, ...]):
    done = CliRunner().invoke(cli, [*arguments, "--help"], prog_name="otel-bridge")
    assert done.exit_code == 0
    assert f"Usage: {' '.join(('otel-bridge', *arguments))}" in done.output
    assert ("Commands:" in done.output) == (len(arguments) < 2 and arguments[:1] in GROUPS)


def options_of(command: click.Command, *names: str) -> Iterator[tuple[str, str, str]]:
    """Yield each option of the commands below, with the variable it has and should have."""
    context = click.Context(command)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from options_of(found, *names, name)
        return
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.show_envvar:
            words = [*names, parameter.opts[0].removeprefix("--")]
            prefix = "_".join(("OTEL_BRIDGE", *names)).upper().replace("-", "_")
            has = parameter.envvar or f"{prefix}_{parameter.name}".upper()
            yield parameter.opts[0], str(has), "_".join(("otel_bridge", *words))


def test_an_option_s_variable_is_made_of_the_command_s_and_its_own_name():
    wrong = [
        (option, has)
        for option, has, should in options_of(cli)
        if has != should.upper().replace("-", "_")
    ]
    assert wrong == []


def test_help_loads_nothing_heavy():
    program = (
        "import sys; sys.argv = ['otel-bridge', '--help']\n"
        "from backend.cli import cli\n"
        "try: cli()\n"
        "except SystemExit: pass\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    for heavy in ("flask", "sqlalchemy", "alembic", "google", "granian"):
        assert f"'{heavy}'" not in done.stderr


def test_an_unknown_command_is_told():
    done = run_command("surf", database_url="sqlite:///unused.db")
    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_a_user_and_a_key_are_made_in_a_fresh_folder(tmp_path: Path):
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    env["PYTHONPATH"] = str(Path(__file__).parents[2])

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "backend.cli", *arguments],
            env=env,
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )

    run("user", "create", EMAIL, "--password-stdin", stdin="correct horse\n")
    made = run("key", "create", "--user", EMAIL, "--name", "x")
    assert made.stdout.startswith("obsk_")
    assert len(made.stdout) == 54
    assert (tmp_path / "otel-bridge.db").exists()


def test_the_same_user_cannot_be_made_twice(sqlite_url: str):
    assert create_user(sqlite_url).returncode == 0
    again = create_user(sqlite_url)
    assert is_one_clear_line(again)
    assert "already" in again.stderr


@pytest.mark.parametrize(
    ("email", "password"), [("nobody", "correct horse"), (EMAIL, ""), (EMAIL, "\n")]
)
def test_a_user_without_address_or_password_is_refused(sqlite_url: str, email: str, password: str):
    done = run_command(
        "user", "create", email, "--password-stdin", database_url=sqlite_url, stdin=password
    )
    assert is_one_clear_line(done)


def test_a_key_for_nobody_is_refused(sqlite_url: str):
    done = run_command("key", "create", "--user", EMAIL, "--name", "x", database_url=sqlite_url)
    assert is_one_clear_line(done)
    assert "user create" in done.stderr


def test_options_have_variables(sqlite_url: str):
    create_user(sqlite_url)
    variables = {"OTEL_BRIDGE_KEY_CREATE_USER": EMAIL, "OTEL_BRIDGE_KEY_CREATE_NAME": "x"}
    done = subprocess.run(
        command("key", "create"),
        env=os.environ | {"DATABASE_URL": sqlite_url} | variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.startswith("obsk_")


def test_a_new_user_signs_in_at_a_server_that_already_runs(tmp_path: Path, sqlite_url: str):
    with ServerProcess(sqlite_url, log_file=tmp_path / "log") as server:
        create_user(sqlite_url, stdin="correct horse\n")
        with Client(server.base_url) as client:
            for password, status in (("correct horse", 200), ("correct horse\n", 401)):
                body = {"email": EMAIL, "password": password}
                assert client.post_json("/api/auth/login", body).status == status


def test_the_schema_goes_up_down_and_says_where_it_is(empty_database_url: str):
    def current() -> str:
        return run_command("db", "current", database_url=empty_database_url).stdout

    assert current().startswith("none (")
    assert run_command("db", "upgrade", database_url=empty_database_url).returncode == 0
    assert "up to date" in current()
    done = run_command(
        "db", "downgrade", "--revision", "base", "--yes", database_url=empty_database_url
    )
    assert done.returncode == 0, done.stderr
    assert current().startswith("none (")


def test_a_postgresql_that_is_behind_is_refused_and_an_embedded_one_is_migrated(
    empty_database_url: str,
):
    done = run_command("aggregate", database_url=empty_database_url)
    if empty_database_url.startswith("sqlite"):
        assert done.returncode == 0
        return
    served = run_command("serve", "--port", "0", database_url=empty_database_url)
    for refused in (done, served):
        assert is_one_clear_line(refused)
        assert "otel-bridge db upgrade" in refused.stderr


@pytest.mark.parametrize(
    "url", ["postgresql://nobody:hidden@127.0.0.1:1/none", "mysql://u:hidden@h/d", "nonsense"]
)
@pytest.mark.parametrize("arguments", [("serve", "--port", "0"), ("db", "current"), ("aggregate",)])
def test_a_database_that_cannot_be_used_is_one_clear_line(arguments: tuple[str, ...], url: str):
    done = run_command(*arguments, database_url=url)
    assert is_one_clear_line(done), done.stderr
    assert "hidden" not in done.stderr


def test_serve_needs_a_secret_with_postgresql():
    env = os.environ | {"DATABASE_URL": "postgresql://h/d"}
    env.pop("SECRET_KEY", None)
    done = subprocess.run(
        command("serve"), env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert is_one_clear_line(done)
    assert "SECRET_KEY" in done.stderr


def test_a_killed_server_leaves_its_port_free(tmp_path: Path, sqlite_url: str):
    server = ServerProcess(sqlite_url, log_file=tmp_path / "log")
    server.start()
    server.stop(signal.SIGKILL)
    again = ServerProcess(sqlite_url, log_file=tmp_path / "log", port=server.port)
    with again, Client(again.base_url) as client:
        assert client.get("/readyz").status == 200


def test_seeding_may_be_repeated(sqlite_url: str):
    create_user(sqlite_url)
    first = run_command("seed", "--user", EMAIL, database_url=sqlite_url)
    again = run_command("seed", "--user", EMAIL, database_url=sqlite_url)
    assert first.stdout.startswith("obsk_")
    assert (again.returncode, again.stdout) == (0, "")
    assert run_command("seed", database_url=sqlite_url).returncode == 0


def test_aggregate_works_beside_a_running_server(database_url: str):
    done = run_command("aggregate", database_url=database_url)
    assert done.stdout == "aggregated: 0 rows of today, 0 of yesterday\n"


def events(client: Client) -> list[dict[str, object]]:
    found: list[dict[str, object]] = client.get("/api/obs/events", {"limit": 200}).body["events"]
    return found


def test_replay_moves_captures_to_now_and_repeats_nothing(tmp_path: Path, database_url: str):
    db.upgrade(database_url)
    create_user(database_url)
    key = create_key(database_url, "ingest", "read").strip()
    files = ("openinference-langchain-agents.pb", "vercel-ai-sdk-v6.otlp.json")
    paths = [str(CAPTURES / name) for name in files]
    with ServerProcess(database_url, log_file=tmp_path / "log") as server:
        target = ("--endpoint", f"{server.base_url}/v1/traces", "--key", key)
        done = run_command("replay", *paths, *target, database_url="")
        assert done.returncode == 0, done.stderr
        assert "[2/2] vercel-ai-sdk-v6.otlp.json" in done.stdout
        with Client(server.base_url, key) as client:
            before = events(client)
            overview = client.get("/api/obs/metrics/overview").body
            assert overview["today"]["total_events"] + len(before) > 0
            again = run_command("replay", *paths, *target, database_url="")
            assert again.returncode == 0, again.stderr
            assert events(client) == before
    assert len(before) > 50


def test_replay_says_what_was_rejected(tmp_path: Path, sqlite_url: str):
    create_user(sqlite_url)
    key = create_key(sqlite_url).strip()
    request = ExportTraceServiceRequest.FromString(
        (CAPTURES / "openinference-openai.pb").read_bytes()
    )
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                span.end_time_unix_nano = 2**63
    future = tmp_path / "future.pb"
    future.write_bytes(request.SerializeToString())
    with ServerProcess(sqlite_url, log_file=tmp_path / "log") as server:
        target = ("--endpoint", server.base_url, "--key", key)
        done = run_command("replay", str(future), *target, "--keep-times", database_url="")
    assert done.returncode == 1
    assert "future" in done.stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pb", b"\xff\xff"), ("a.json", b"{"), ("a.json", b"{}"), ("a.pb", b"")],
)
def test_replay_refuses_what_holds_no_spans(tmp_path: Path, name: str, content: bytes):
    file = tmp_path / name
    file.write_bytes(content)
    target = ("--endpoint", "http://127.0.0.1:1", "--key", "k")
    done = run_command("replay", str(file), *target, database_url="")
    assert is_one_clear_line(done), done.stderr
    assert name in done.stderr


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:1", "ftp://host", "nonsense", "http://", "http://127.0.0.1:x"]
)
def test_replay_to_nowhere_is_one_clear_line(endpoint: str):
    file = str(CAPTURES / "openinference-openai.pb")
    done = run_command("replay", file, "--endpoint", endpoint, "--key", "k", database_url="")
    assert is_one_clear_line(done), done.stderr


def test_replay_with_a_wrong_key_says_so(tmp_path: Path, sqlite_url: str):
    file = str(CAPTURES / "openinference-openai.pb")
    with ServerProcess(sqlite_url, log_file=tmp_path / "log") as server:
        target = ("--endpoint", server.base_url, "--key", "obsk_wrong")
        done = run_command("replay", file, *target, database_url="")
    assert is_one_clear_line(done)
    assert "401" in done.stderr
    assert "unknown or revoked" in done.stderr


@pytest.fixture
def serve(sqlite_url: str) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start servers, and end them whatever happens."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command("serve", *options),
            env=environment(sqlite_url),
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            process.kill()


def test_two_workers_answer_and_stop(serve: Callable[..., subprocess.Popen[str]]):
    port = free_port()
    process = serve("--port", str(port), "--workers", "2")
    patient = urllib3.Retry(total=150, backoff_factor=0.1, backoff_max=0.2)
    with urllib3.PoolManager(retries=patient) as pool:
        assert pool.request("GET", f"http://127.0.0.1:{port}/readyz").status == 200
    process.terminate()
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in said


@pytest.mark.parametrize("is_ctrl_c", [False, True])
def test_a_server_that_is_still_starting_stops_at_once(
    serve: Callable[..., subprocess.Popen[str]], *, is_ctrl_c: bool
):
    process = serve("--port", "0", "--workers", "2")
    assert process.stderr is not None
    assert "listens" in process.stderr.readline()
    if is_ctrl_c:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.terminate()
    _, said = process.communicate(timeout=8)
    assert process.returncode == 0, said
    assert "Traceback" not in said
