"""An agent of your own, traced to a running backend.

OBS_ENDPOINT (http://127.0.0.1:5000), OBS_API_KEY, OPENAI_API_KEY and OPENAI_BASE_URL say where to.
"""

from __future__ import annotations

import sys

from openai import OpenAI
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

import otel_bridge
from backend.demo.agents import TRAVEL, run_agent
from backend.demo.script import PLAN_A_TRIP

if __name__ == "__main__":
    processor = otel_bridge.configure()
    OpenAIInstrumentor().instrument()
    print(run_agent(OpenAI(), TRAVEL, PLAN_A_TRIP))
    processor.shutdown()
    sys.exit(0)
