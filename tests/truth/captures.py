"""Captures of real spans, and the truth about them: what the model server served, what ran."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from backend.ingest.otlp import parse_json, parse_protobuf

FOLDER = Path(__file__).parents[1] / "captures"

#: An emitter may be off by a token here and there.
_SLACK = Decimal("0.005")
_SUFFIXES = (".pb", ".otlp.json")

#: One of each family of tracers, all of whose numbers are right: for tests that start a server.
PROVEN = (
    "openinference-openai",
    "openinference-anthropic",
    "traceloop-openai",
    "contrib-openai-v2-latest",
    "anthropic-sdk-native",
    "openinference-langchain-agents",
    "vercel-ai-sdk-v6",
    "pydantic_ai_default",
    "pydantic_ai_1.0_v2",
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most that a right number may be."""

    least: Decimal
    most: Decimal

    def __contains__(self, value: int) -> bool:
        """Whether a number is right."""
        return self.least <= value <= self.most

    def error(self, value: int) -> Decimal:
        """Return by how much a number is off."""
        return max(self.least - value, value - self.most, Decimal(0))

    def __str__(self) -> str:
        least, most = round(self.least), round(self.most)
        return f"{least}" if least == most else f"{least}..{most}"


@dataclass(frozen=True, slots=True)
class Truth:
    """What a capture's truth file tells."""

    told: Mapping[str, Any]

    @property
    def tokens_in(self) -> Bounds:
        """All prompt tokens: from what the spans carry to what reached the client."""
        return self._tokens("tokens_in")

    @property
    def tokens_out(self) -> Bounds:
        """All completion tokens, likewise."""
        return self._tokens("tokens_out")

    def _tokens(self, name: str) -> Bounds:
        return Bounds(
            self.told["expect"][name] * (1 - _SLACK), self.told["visible"][name] * (1 + _SLACK)
        )

    @property
    def calls(self) -> Bounds:
        """From the calls whose usage the spans carry to all that were served."""
        expect = self.told["expect"]
        return Bounds(
            Decimal(expect["calls_with_usage"]),
            Decimal(expect["calls_ok"] + expect["calls_failed"]),
        )

    @property
    def calls_failed(self) -> int:
        """How many of the served calls failed."""
        return int(self.told["expect"]["calls_failed"])

    @property
    def tokens_served(self) -> int:
        """All tokens that reached the client."""
        return int(self.told["visible"]["tokens_in"] + self.told["visible"]["tokens_out"])

    @property
    def tools(self) -> tuple[int, int]:
        """Executions of tools, and how many of them failed."""
        return self.told["expect"]["tools"], self.told["expect"]["tools_failed"]

    @property
    def runs(self) -> Mapping[str, tuple[int, int]]:
        """By agent: runs of its own, and how many of them failed."""
        own = [run for run in self.told["runs"] if run["parent"] is None]
        failed = Counter(run["agent"] for run in own if not run["ok"])
        return {
            agent: (count, failed[agent])
            for agent, count in Counter(run["agent"] for run in own).items()
        }

    @property
    def calls_told(self) -> list[Mapping[str, Any]]:
        """The served calls whose usage some span carries."""
        return [call for call in self.told["calls"] if call["usage_in_spans"]]


@dataclass(frozen=True)
class Capture:
    """One captured export and what is true of it."""

    file: Path

    @classmethod
    def named(cls, name: str) -> Capture:
        """Return one of the captures that come with the tests."""
        return cls(FOLDER / f"{name}.pb")

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return next(
            self.file.name.removesuffix(suffix)
            for suffix in _SUFFIXES
            if self.file.name.endswith(suffix)
        )

    @cached_property
    def request(self) -> ExportTraceServiceRequest:
        """The whole export."""
        parse = parse_json if self.file.suffix == ".json" else parse_protobuf
        return parse(self.file.read_bytes())

    @property
    def body(self) -> bytes:
        """The whole export as a client posts it: protobuf."""
        return self.request.SerializeToString()

    @cached_property
    def truth(self) -> Truth:
        """What is right for this capture."""
        file = self.file.with_name(f"{self.name}.truth.json")
        return Truth(json.loads(file.read_text()))


def captures_in(folder: Path) -> list[Capture]:
    """Return the folder's captures that have a truth file, by name."""
    return sorted(_captures(folder), key=lambda capture: capture.name)


def _captures(folder: Path) -> Iterator[Capture]:
    names: set[str] = set()
    for suffix in _SUFFIXES:
        for file in folder.glob(f"*{suffix}"):
            capture = Capture(file)
            if capture.name in names or not file.with_name(f"{capture.name}.truth.json").exists():
                continue
            names.add(capture.name)
            yield capture
