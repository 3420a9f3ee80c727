"""The demo: an embedded backend, a scripted model server, and real instrumented agents."""

from __future__ import annotations

import sys


def run_demo(*, port: int, once: bool) -> int:
    """Run the demo until Ctrl-C, or one round of it; return the exit code.

    What only the demo needs (the OpenAI client and its instrumentation) is loaded here, so that
    every other command starts without it.
    """
    try:
        from backend.demo.command import run  # noqa: PLC0415 - see above
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"otel-bridge demo: the package {error.name} is missing; "
            "install what the demo needs with: pip install 'otel-bridge[demo]'\n"
        )
        return 1
    return run(port=port, once=once)
