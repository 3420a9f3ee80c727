"""`/api/obs/api-keys`: a person's API keys."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response, request

from backend.answers import answer, moment
from backend.auth.access import with_session
from backend.auth.keys import SCOPES, create_key, keys_of, revoke_key
from backend.body import json_body, name_in
from backend.errors import ApiError
from backend.models import ApiKey
from backend.services import services

blueprint = Blueprint("api_keys", __name__, url_prefix="/api/obs/api-keys")


class NewKey(msgspec.Struct):
    """The body of `POST /api-keys`."""

    name: str
    scopes: list[str] | None = None


@blueprint.get("")
@with_session
def list_keys(owner_id: int) -> Response:
    """Answer the owner's keys, newest first."""
    return answer({"keys": [_shown(row) for row in keys_of(services().engine, owner_id)]})


@blueprint.post("")
@with_session
def new_key(owner_id: int) -> Response:
    """Answer a new key, this once."""
    body = json_body(request, NewKey)
    scopes = ["ingest"] if body.scopes is None else body.scopes
    if not scopes or not set(scopes) <= set(SCOPES):
        raise ApiError(400, f"scopes must be one or both of: {', '.join(SCOPES)}")
    secret, row = create_key(services().engine, owner_id, name=name_in(body.name), scopes=scopes)
    return answer({"success": True, "key": secret, "key_info": _shown(row)}, 201)


@blueprint.post("/<id:key_id>/revoke")
@with_session
def revoke(owner_id: int, key_id: int) -> Response:
    """End a key, here at once and on every replica within seconds."""
    if not revoke_key(services().engine, owner_id, key_id=key_id):
        raise ApiError(404, f"you have no API key with id {key_id}")
    services().keys.forget()
    return answer({"success": True})


def _shown(row: ApiKey) -> dict[str, Any]:
    return {
        "id": row.id,
        "key_prefix": row.key_prefix,
        "name": row.name,
        "scopes": row.scopes.split(),
        "is_active": row.is_active,
        "last_used_at": moment(row.last_used_us),
        "created_at": moment(row.created_us),
    }
