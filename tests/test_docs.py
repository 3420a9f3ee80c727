"""The pages tell the truth: links, settings, endpoints, commands, names and tests all exist."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import otel_bridge
from backend.app import create_app
from backend.cli import cli
from backend.settings import Settings
from otel_bridge.conventions import CONVENTIONS

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
PAGE_NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

#: A name in capitals that is ours or OpenTelemetry's, or that we read by convention.
SETTING = re.compile(
    r"(?:OBS|OTEL_BSP)_[A-Z_]+|DATABASE_URL|SECRET_KEY|CRON_SECRET|SLACK_WEBHOOK_URL"
)

#: Addresses of registries, folders of somebody's machine, and unfinished work.
FORBIDDEN = re.compile(
    r"pypi\.org|pythonhoste[d]|registry\.npmjs|registry\.yarnpkg|proxy\.golang"
    r"|(?<![\w./-])/(?:home|root|Users)/\w|\bTO[D]O\b|\bFIXM[E]\b"
)


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _docs() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in ROOT.glob("docs/*.md"))


def _blocks(page: str, *languages: str) -> list[str]:
    """Return the fenced code blocks of a page in one of `languages`."""
    found = re.findall(r"^```(\w+)\n(.*?)^```", _text(page), re.MULTILINE | re.DOTALL)
    return [block for language, block in found if language in languages]


def _commands(page: str, program: str) -> Iterator[list[str]]:
    """Yield the words after `program` on each line of the page's shell blocks that calls it."""
    for block in _blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith(f"{program} "):
                yield shlex.split(line, comments=True)[1:]


def _slug(heading: str) -> str:
    """Return the anchor that Markdown renderers give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def _anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {_slug(heading) for heading in headings}


def _tracked_files() -> list[Path]:
    """Return what is, or is about to be, in the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 - git is found where the developer has it
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    return [file for name in listing.stdout.split("\0") if name and (file := ROOT / name).is_file()]


@pytest.mark.parametrize("page", PAGE_NAMES)
def test_every_link_leads_somewhere(page: str):
    folder = (ROOT / page).parent
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", _text(page)):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        file = folder / path if path else ROOT / page
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            dead.append(target)
    assert dead == []


def _settings_read() -> set[str]:
    """Return the environment variables that the code names."""
    files = [*ROOT.glob("backend/**/*.py"), *ROOT.glob("otel_bridge/**/*.py")]
    constants = {
        node.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in constants if SETTING.fullmatch(text)}


def test_every_setting_is_in_the_example_environment():
    offered = set(re.findall(r"^#? ?([A-Z_]+)=", _text(".env.example"), re.MULTILINE))
    assert _settings_read() - offered == set()


def test_every_setting_is_in_the_docs():
    assert _settings_read() - set(SETTING.findall(_docs())) == set()


def test_the_example_environment_offers_nothing_that_is_not_read():
    offered = set(re.findall(r"^([A-Z_]+)=", _text(".env.example"), re.MULTILINE))
    assert offered - _settings_read() == set()


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The calls that the app answers, as `GET /api/obs/agents/<>`."""
    file = tmp_path_factory.mktemp("app") / "unused.db"
    app = create_app(Settings(database_url=f"sqlite:///{file}", secret_key="x" * 32))
    return {
        f"{method} {re.sub('<[^>]+>', '<>', rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def _documented_endpoints() -> set[str]:
    pages = _text("docs/02-ingestion-api.md") + _text("docs/03-metrics-api.md")
    calls = re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`?\s]*)", pages)
    return {re.sub("<[^>]+>", "<>", call) for call in calls}


def test_every_endpoint_is_documented(endpoints: set[str]):
    assert endpoints - _documented_endpoints() == set()


def test_no_endpoint_is_documented_that_does_not_exist(endpoints: set[str]):
    assert _documented_endpoints() - endpoints == set()


def test_every_convention_is_documented():
    page = _text("docs/05-sdk.md")
    assert [one.name for one in CONVENTIONS if f"`{one.name}`" not in page] == []


@pytest.mark.parametrize("page", PAGE_NAMES)
def test_python_in_a_page_compiles_and_uses_names_that_exist(page: str):
    for block in _blocks(page, "python"):
        tree = ast.parse(block)
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "otel_bridge"
        }
        assert {name for name in used if not hasattr(otel_bridge, name)} == set()


@pytest.mark.parametrize("page", PAGE_NAMES)
def test_make_in_a_page_names_targets_that_exist(page: str):
    targets = set(re.findall(r"^([a-z-]+):", _text("Makefile"), re.MULTILINE))
    named = {word for words in _commands(page, "make") for word in words if "=" not in word}
    assert named - targets == set()


def _unknown_part(words: list[str]) -> str | None:
    """Return the first word of an `otel-bridge` command line that the command does not know."""
    command: click.Command = cli
    context = click.Context(command)
    for word in words:
        if isinstance(command, click.Group) and not word.startswith("-"):
            found = command.get_command(context, word)
            if found is None:
                return word
            command = found
            context = click.Context(command, parent=context)
        elif word.startswith("--") and word.partition("=")[0] not in _options(command, context):
            return word
    return None


def _options(command: click.Command, context: click.Context) -> set[str]:
    return {
        name
        for parameter in command.get_params(context)
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


@pytest.mark.parametrize("page", PAGE_NAMES)
def test_commands_in_a_page_exist_with_their_options(page: str):
    unknown = [words for words in _commands(page, "otel-bridge") if _unknown_part(words)]
    assert unknown == []


def test_the_readme_stays_short():
    assert len(_text("README.md").splitlines()) < 120


def test_every_test_that_the_acceptance_page_names_exists():
    missing = [
        f"{name}::{test}" if test else name
        for name, test in re.findall(r"`(tests/[\w/.]+\.py)(?:::(\w+))?`", _acceptance())
        if not (ROOT / name).is_file() or (test and f"def {test}(" not in _text(name))
    ]
    assert missing == []


def test_every_promise_has_a_test_or_is_said_to_be_planned():
    rows = [line for line in _acceptance().splitlines() if line.startswith("| ")]
    promises = [row for row in rows if not row.startswith(("| Promise", "| ---"))]
    assert promises
    assert [row for row in promises if "`tests/" not in row and "planned" not in row] == []


def _acceptance() -> str:
    return _text("docs/99-acceptance.md")


def test_the_repository_speaks_of_itself_alone():
    found = [
        f"{file.relative_to(ROOT)}: {match.group()}"
        for file in _tracked_files()
        if b"\0" not in (content := file.read_bytes()) and file.suffix != ".pb"
        for match in FORBIDDEN.finditer(content.decode("utf-8"))
    ]
    assert found == []
