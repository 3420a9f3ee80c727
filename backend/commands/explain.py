"""`otel-bridge explain`: what ingestion makes of captured spans, and why. No server is needed."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from backend.commands.captured import read_request
from backend.explain import explain as explain_spans
from backend.explain import lines_of, object_of
from backend.ingest.otlp import records_of
from otel_bridge.pricing import PriceBook


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE…",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    envvar="OTEL_BRIDGE_EXPLAIN_JSON",
    show_envvar=True,
    help="Print one JSON object.",
)
def explain(files: tuple[Path, ...], *, as_json: bool) -> None:
    """Tell what each span of OTLP trace requests becomes, whether it counts, and why.

    FILE is protobuf, or JSON where the name ends in .json; `-` is either, from standard input. All
    files together are one workspace, with the prices of the list. Nothing is stored or sent.
    """
    spans = [span for file in files for span in records_of(read_request(file))]
    explanation = explain_spans(spans, PriceBook())
    if as_json:
        told = msgspec.json.encode(object_of(explanation))
        click.echo(msgspec.json.format(told, indent=2).decode())
    else:
        click.echo("\n".join(lines_of(explanation)))
