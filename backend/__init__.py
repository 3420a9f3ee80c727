"""The server: ingestion, accounting, metrics and their API."""
