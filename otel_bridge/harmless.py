"""Reports that cannot hurt the program that makes them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

P = ParamSpec("P")

_logger = logging.getLogger("otel_bridge")


def harmless(report: Callable[P, None]) -> Callable[P, None]:
    """Log what `report` raises, instead of raising it into the program."""

    @wraps(report)
    def contained(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            report(*args, **kwargs)
        except Exception:  # whatever a report is wrong about, the program must go on
            _logger.warning("otel_bridge.%s was not understood", report.__name__, exc_info=True)

    return contained
