"""Alibaba Cloud's and LoongSuite's agents: `gen_ai.span.kind` beside GenAI attributes.

Source: the LoongSuite instrumentation packages. Oddities: kinds are OpenInference's words in
capitals; entries and tasks stand around agents.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, FactKeys
from otel_bridge.facts import Operation

ALIBABA = Convention(
    name="alibaba",
    kind_key="gen_ai.span.kind",
    kinds={
        "llm": Operation.CHAT,
        "embedding": Operation.EMBEDDINGS,
        "reranker": Operation.RERANK,
        "tool": Operation.TOOL,
        "agent": Operation.AGENT,
    },
    other_kind=Operation.STEP,
    weak_kinds=frozenset({"chain", "task", "step", "entry", "unknown"}),
    keys=FactKeys(session=("gen_ai.session.id",), user=("gen_ai.user.id",)),
)
