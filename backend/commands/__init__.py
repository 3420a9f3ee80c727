"""The commands of `otel-bridge`, a module per area."""
