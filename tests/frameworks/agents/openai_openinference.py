"""The OpenAI client under OpenInference; agents and tools by OpenInference's own tracer."""

from __future__ import annotations

import chat_loop
import scenario
from openinference.instrumentation import OITracer, TraceConfig
from openinference.instrumentation.openai import OpenAIInstrumentor

with scenario.observed() as provider:
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    tracer = OITracer(provider.get_tracer("my.program"), config=TraceConfig())
    chat_loop.play(
        agent=lambda name: tracer.start_as_current_span(
            name, openinference_span_kind="agent", attributes={"agent.name": name}
        ),
        tool=lambda name: tracer.start_as_current_span(
            name, openinference_span_kind="tool", attributes={"tool.name": name}
        ),
    )
