"""Ids of stored rows, as options and arguments."""

from __future__ import annotations

import click

#: What a database can hold and look up; a larger number is an error of its own on each of them.
ID = click.IntRange(1, 2**63 - 1)
