"""The captures under tests/captures, as OTLP requests and with the truth about them."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

FOLDER = Path(__file__).parent.parent / "captures"

#: An emitter may be off by a token here and there.
_SLACK = 0.005

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
    """The least and the most that a right total may be."""

    least: float
    most: float

    def __contains__(self, value: int) -> bool:
        """Whether a total is right."""
        return self.least <= value <= self.most


@dataclass(frozen=True, slots=True)
class Truth:
    """What the model server served and the scenario did."""

    tokens_in: Bounds
    tokens_out: Bounds
    llm_calls: Bounds
    tools: int
    tools_failed: int
    #: By the agent's name: how many runs of its own it had, and how many of them failed.
    runs: dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Capture:
    """One captured export."""

    name: str

    @property
    def file(self) -> Path:
        """The OTLP request as protobuf."""
        return FOLDER / f"{self.name}.pb"

    def request(self) -> ExportTraceServiceRequest:
        """Return the whole export."""
        return ExportTraceServiceRequest.FromString(self.file.read_bytes())

    def one_span_requests(self, *, seed: int) -> list[bytes]:
        """Return one request for each span, in a random order that `seed` fixes."""
        requests = [request.SerializeToString() for request in _split(self.request())]
        random.Random(seed).shuffle(requests)
        return requests

    def truth(self) -> Truth:
        """Return what is right for this capture."""
        told = json.loads((FOLDER / f"{self.name}.truth.json").read_text())
        expect, visible = told["expect"], told["visible"]
        return Truth(
            tokens_in=_between(expect["tokens_in"], visible["tokens_in"]),
            tokens_out=_between(expect["tokens_out"], visible["tokens_out"]),
            llm_calls=Bounds(
                expect["calls_with_usage"], expect["calls_ok"] + expect["calls_failed"]
            ),
            tools=expect["tools"],
            tools_failed=expect["tools_failed"],
            runs=_runs_by_agent(told["runs"]),
        )


def _runs_by_agent(runs: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    own = [run for run in runs if run["parent"] is None]
    names = {run["agent"] for run in own}
    failed = Counter(run["agent"] for run in own if not run["ok"])
    count = Counter(run["agent"] for run in own)
    return {name: (count[name], failed[name]) for name in names}


def _between(least: int, most: int) -> Bounds:
    return Bounds(least * (1 - _SLACK), most * (1 + _SLACK))


def _split(request: ExportTraceServiceRequest) -> Iterator[ExportTraceServiceRequest]:
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                alone = ScopeSpans(scope=scope_spans.scope, spans=[span])
                yield ExportTraceServiceRequest(
                    resource_spans=[
                        ResourceSpans(resource=resource_spans.resource, scope_spans=[alone])
                    ]
                )
