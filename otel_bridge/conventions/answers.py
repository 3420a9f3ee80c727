"""What stands only inside a provider's answer that a tracer copied into one attribute.

Only answers are read, never what was asked: a request repeats the ids of earlier answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from otel_bridge.conventions.raw_usage import usage_objects, usage_of_provider
from otel_bridge.conventions.table import USAGE_FIELDS, Attributes, Keys, ReportedUsage
from otel_bridge.conventions.values import object_of, text_of

_ID = r"([^\"'\\]{1,200})"
_LEADING_ID = re.compile(rf'\s*\{{\s*"id":\s*"{_ID}"')
#: A provider's id has a form of its own where it stands further inside.
_NAMED_ID = re.compile(rf'"response_?[iI]d":\s*"{_ID}"')
_FORMED_ID = re.compile(rf'"id":\s*"((?:chatcmpl-|cmpl-|resp_){_ID[1:-1]})"')
_REPR_ID = re.compile(rf"\b(?:ChatCompletion|ModelResponse|Message|Response)\(id='{_ID}'")
#: Ids that frameworks make up for their own messages and runs.
_RUN_ID = re.compile(r"(lc_)?run-")
_UUID = re.compile(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
_DECODER = json.JSONDecoder()
_PARTS = tuple(name for name in USAGE_FIELDS if name not in ("tokens_in", "tokens_out", "total"))
_METADATA = '"response_metadata"'


def response_id_in(attributes: Attributes, keys: Keys) -> str | None:
    """Return the provider's response id out of the answers under `keys`."""
    found = (_response_id(attributes[key]) for key in keys)
    return next((one for one in found if one is not None), None)


def provider_id(value: Any, *, may_be_uuid: bool = False) -> str | None:
    """Return a response id; None for one that a framework made up, such as LangChain's run ids.

    A bare UUID is a provider's only under a key that says so.
    """
    text = text_of(value)
    if text is None or _RUN_ID.match(text) or (not may_be_uuid and _UUID.match(text)):
        return None
    return text


def _response_id(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return provider_id(value.get("id"))
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return None
    if metadata := _last_metadata(value):
        return provider_id(metadata.get("id"))
    for pattern in (_LEADING_ID, _NAMED_ID, _FORMED_ID, _REPR_ID):
        found = pattern.match(value) if pattern is _LEADING_ID else pattern.search(value)
        if found and (one := provider_id(found.group(1))):
            return one
    return None


def answering_model_in(value: Any) -> str | None:
    """Return the model that LangChain's last message names as its author."""
    metadata = _last_metadata(value) if isinstance(value, str) else {}
    return text_of(metadata.get("model_name")) or text_of(metadata.get("model"))


def _last_metadata(text: str) -> dict[str, Any]:
    """Return what LangChain keeps of the provider's answer beside its last message."""
    at = text.rfind(_METADATA)
    start = text.find("{", at, at + len(_METADATA) + 4) if at >= 0 else -1
    if start < 0:
        return {}
    try:
        return object_of(_DECODER.raw_decode(text, start)[0])
    except (ValueError, RecursionError):
        return {}


def raw_usage_in(
    attributes: Attributes, keys: Keys, *, like: ReportedUsage | None
) -> ReportedUsage | None:
    """Return the usage that a provider's answer tells, if it agrees with what the keys told."""
    found: ReportedUsage | None = None
    for key in keys:
        for told in usage_objects(attributes[key]):
            usage = usage_of_provider(told)
            if usage is None or not _agree(usage, like or found):
                continue
            found = usage if found is None else filled(found, usage)
            if not lacks_parts(found):
                return found
    return found


def filled(first: ReportedUsage, second: ReportedUsage) -> ReportedUsage:
    """Return the first, with what only the second tells."""
    missing = {
        name: value
        for name in USAGE_FIELDS
        if getattr(first, name) is None and (value := getattr(second, name)) is not None
    }
    return replace(first, **missing)


def lacks_parts(told: ReportedUsage) -> bool:
    """Whether the keys told nothing of what was cached or of what was thought."""
    return told.tokens_reasoning is None or (
        told.tokens_cache_read is None and told.tokens_cache_write is None
    )


def adds_parts(raw: ReportedUsage, told: ReportedUsage) -> bool:
    """Whether the answer tells a part of the usage that the keys did not."""
    return any(getattr(raw, name) is not None and getattr(told, name) is None for name in _PARTS)


def _agree(raw: ReportedUsage, told: ReportedUsage | None) -> bool:
    """Whether both tell one call, with or without what is cached and what was thought."""
    if told is None:
        return True
    cached = (raw.tokens_cache_read or 0) + (raw.tokens_cache_write or 0)
    return _is_one_of(told.tokens_in, raw.tokens_in, cached) and _is_one_of(
        told.tokens_out, raw.tokens_out, raw.tokens_reasoning or 0
    )


def _is_one_of(told: int | None, whole: int | None, part: int) -> bool:
    if whole is None:
        return not told
    return told in (whole, whole - part, None)
