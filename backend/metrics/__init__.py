"""Numbers, events and runs: what was stored, answered."""
