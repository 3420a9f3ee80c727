"""`otel-bridge demo`."""

from __future__ import annotations

import sys

import click

from backend.demo import run_demo


@click.command()
@click.option(
    "--port", default=5000, type=click.IntRange(0, 65535), show_envvar=True, help="Of the server."
)
@click.option("--once", is_flag=True, show_envvar=True, help="End after one round.")
def demo(port: int, *, once: bool) -> None:
    """Run a real instrumented agent that reports to an embedded server."""
    sys.exit(run_demo(port=port, once=once))
