"""The command `otel-bridge`. Each command's module is loaded only when it runs."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import click

from otel_bridge.errors import ConfigurationError

_PROGRAM = "otel-bridge"

#: Name → where the command is, and what it does in one line.
_COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "serve": ("backend.commands.serve:serve", "Run the API server."),
        "demo": ("backend.commands.demo:demo", "Run a real instrumented agent against it."),
        "db": ("backend.commands.db:db", "Move the schema; check and shrink the file."),
        "user": ("backend.commands.accounts:user_group", "Create people who sign in."),
        "key": ("backend.commands.accounts:key_group", "Create API keys."),
        "seed": ("backend.commands.seed:seed", "Write the price list; make demo agents."),
        "price": ("backend.commands.prices:price_group", "Set prices of your own."),
        "unpriced": ("backend.commands.unpriced:unpriced", "List calls without a price."),
        "recalculate": (
            "backend.commands.recalculate:recalculate",
            "Price stored calls anew, and back.",
        ),
        "generate-events": (
            "backend.commands.generate:generate_events",
            "Write a synthetic history.",
        ),
        "aggregate": ("backend.commands.jobs:aggregate", "Write the daily metrics."),
        "backup": ("backend.commands.backup:backup", "Copy the embedded database."),
        "retention": ("backend.commands.jobs:retention", "Delete what is too old."),
        "explain": (
            "backend.commands.explain:explain",
            "Tell what captured spans become.",
        ),
        "replay": ("backend.commands.replay:replay", "Post captured OTLP requests."),
    }
)


class _LazyGroup(click.Group):
    """Knows its commands by name; loads one when it is asked for it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (as click calls it)
        """Return the names in the order of a first use."""
        return list(_COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 (as click calls it)
        cmd_name: str,
    ) -> click.Command | None:
        """Return the command, or None for an unknown name."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name)
        return command if isinstance(command, click.Command) else None

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 (as click calls it)
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the list of commands without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, does) for name, (_, does) in _COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a setting that is wrong is one line, not a stack trace."""
        try:
            return super().invoke(ctx)
        except ConfigurationError as error:
            raise click.ClickException(str(error)) from error


@click.group(
    cls=_LazyGroup,
    context_settings={"auto_envvar_prefix": "OTEL_BRIDGE", "show_default": True},
)
@click.version_option(package_name=_PROGRAM)
def cli() -> None:
    """See what AI agents do and cost.

    Settings such as DATABASE_URL come from the environment; every option below has a variable too.
    """


def main() -> None:
    """Run the command line of this process."""
    cli(prog_name=_PROGRAM)


if __name__ == "__main__":
    main()
