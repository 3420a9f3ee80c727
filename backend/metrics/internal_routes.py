"""`/api/obs/internal`: jobs that the operator's cron may start."""

from __future__ import annotations

from flask import Blueprint, Response

from backend.answers import answer
from backend.auth.access import with_cron_secret
from backend.metrics.aggregation import aggregate_daily
from backend.services import services

blueprint = Blueprint("internal", __name__, url_prefix="/api/obs/internal")


@blueprint.route("/aggregate", methods=["GET", "POST"])
@with_cron_secret
def aggregate() -> Response:
    """Write the daily metrics; hosted cron services call with GET."""
    written = aggregate_daily(services().store)
    counts = {"today": written.today, "yesterday": written.yesterday, "late": written.late}
    return answer({"success": True, "aggregated": counts})
