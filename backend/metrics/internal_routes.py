"""`/api/obs/internal`: jobs that the operator's cron may start."""

from __future__ import annotations

from flask import Blueprint, Response

from backend.answers import answer
from backend.auth.access import with_cron_secret
from backend.metrics.aggregation import aggregate_daily
from backend.retention import policy_of
from backend.services import services

#: Hosted cron services give up on an answer after half a minute; the rest is for the next call.
_RETAIN_FOR_S = 20.0

blueprint = Blueprint("internal", __name__, url_prefix="/api/obs/internal")


@blueprint.route("/aggregate", methods=["GET", "POST"])
@with_cron_secret
def aggregate() -> Response:
    """Write the daily metrics; hosted cron services call with GET."""
    written = aggregate_daily(services().store)
    counts = {"today": written.today, "yesterday": written.yesterday, "late": written.late}
    return answer({"success": True, "aggregated": counts})


@blueprint.route("/retention", methods=["GET", "POST"])
@with_cron_secret
def retention() -> Response:
    """Delete what is too old; `finished` tells whether another call would find more."""
    app = services()
    removed = app.store.retain(policy_of(app.settings), for_s=_RETAIN_FOR_S)
    counts = {"events": removed.events, "runs": removed.runs, "rollups": removed.rollups}
    return answer({"success": True, "deleted": counts, "finished": removed.is_finished})
