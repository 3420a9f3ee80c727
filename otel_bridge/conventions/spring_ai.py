"""Spring AI, over Micrometer: `spring.ai.kind` beside GenAI attributes.

Source: the spring-ai repository's observation conventions. Oddities: every value is a string, also
counts and flags; `none` stands where nothing is known; chat clients and advisors stand around the
call of the chat model, which alone carries usage; tools have keys of their own.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, FactKeys
from otel_bridge.facts import Operation

SPRING_AI = Convention(
    name="spring_ai",
    kind_key="spring.ai.kind",
    kinds={"tool_call": Operation.TOOL},
    other_kind=Operation.STEP,
    keys=FactKeys(
        tool=("spring.ai.tool.definition.name",),
        tool_call_id=("spring.ai.tool.call.id",),
        session=("spring.ai.chat.client.conversation.id",),
        input=("spring.ai.tool.call.arguments",),
        output=("spring.ai.tool.call.result",),
    ),
)
