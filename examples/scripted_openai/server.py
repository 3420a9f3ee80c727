"""Run the scripted OpenAI-compatible server alone and print each call that it serves.

python examples/scripted_openai/server.py --port 8100
OPENAI_BASE_URL=http://127.0.0.1:8100/v1 OPENAI_API_KEY=scripted python your_agent.py
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from backend.demo.model_server import ModelServer, ServedCall
from backend.demo.script import DEMO_SCRIPT


def main() -> int:
    """Serve until Ctrl-C; return the exit code."""
    parser = argparse.ArgumentParser(description="A scripted OpenAI-compatible model server.")
    parser.add_argument("--port", type=int, default=8100, help="0 takes any free port")
    port = parser.parse_args().port
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        server = ModelServer(DEMO_SCRIPT, port=port, on_call=_print)
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"cannot listen on port {port}: {error}\n")
        return 1
    with server:
        print(f"OPENAI_BASE_URL={server.base_url}", flush=True)
        stopped.wait()
    return 0


def _print(call: ServedCall) -> None:
    how = "streamed" if call.streamed else "whole"
    tokens = call.tokens
    usage = f"{tokens.prompt} in, {tokens.completion} out" if tokens else "no usage sent"
    print(f"{call.model}: HTTP {call.http_status}, {how}, {usage}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
