"""The OpenAI client under OpenTelemetry's contrib instrumentation; agents and tools by our own."""

from __future__ import annotations

import chat_loop
import scenario
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

import otel_bridge

with scenario.observed() as provider:
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    chat_loop.play(agent=otel_bridge.agent, tool=otel_bridge.tool, responses=False)
