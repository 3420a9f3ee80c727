"""What a benchmark prints, and what it remembers of its targets."""

from __future__ import annotations

import pytest

from bench.report import Report, millis, share


def test_columns_of_figures_stand_below_their_heads(capsys: pytest.CaptureFixture[str]) -> None:
    Report().table("rates", ("", "per s"), [("events", "12,345"), ("spans of OTLP", "9")])
    assert capsys.readouterr().out.splitlines() == [
        "",
        "rates",
        "                  per s",
        "  events         12,345",
        "  spans of OTLP       9",
    ]


def test_what_misses_its_target_is_remembered_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()
    report.at_least("rate", 0.5, 0.6, form=share)
    report.at_most("page", 49.96, 50.0, form=millis)
    report.none("server killed", ["1 of 9 events lost"])
    report.none("disk full", [])
    assert report.missed == [
        "rate: 50%, at least 60%",
        "server killed: 1 mistakes; 1 of 9 events lost",
    ]
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "MISSED",
        "met",
        "MISSED",
        "met",
    ]
