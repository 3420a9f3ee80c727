"""History that never happened, for trying the product at any size: agents, runs, outages."""

from __future__ import annotations

from backend.synthetic.history import History
from backend.synthetic.profiles import PROFILES, AgentProfile, profiles

__all__ = ["PROFILES", "AgentProfile", "History", "profiles"]
