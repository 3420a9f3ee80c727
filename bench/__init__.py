"""Measurements of ingestion, start-up and mapping: `python -m bench`, or `make bench`."""
