"""Measurements of ingestion, queries, crashes and mapping: `python -m bench`, or `make bench`."""
