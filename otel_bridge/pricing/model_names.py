"""The names under which a price list, or an owner's price, may know a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from otel_bridge.pricing.provider_names import canonical_of
from otel_bridge.pricing.providers import RESELLERS

#: Where a model of Bedrock runs, which is part of its id.
_REGION = re.compile(r"^(?:[a-z]{2}(?:-gov)?|apac|global)\.(?=[a-z\d]+\.)")
_COMPACT_DATE = re.compile(r"(?<=[-@])(20\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])$")
#: When, or as which edition, a model was released, at the end of its name; taken off one by one.
_RELEASE = re.compile(
    r"(?:-latest"
    r"|@[\w.-]+"  # Vertex AI
    r"|-v\d+(?::\w+)*|:\d+k?"  # Bedrock
    r"|:(?:beta|exacto|floor|latest|nitro|thinking)"  # OpenRouter
    r"|[-.](?:20\d\d-\d\d-\d\d|20\d{6})"
    r"|-\d\d-(?:20\d\d|\d\d)|-0\d\d"  # Google, Cohere
    r"|-(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])|-2[3-9](?:0[1-9]|1[0-2])"  # MMDD, YYMM
    r")$"
)
#: First parts of names of Bedrock's models, and the makers whose names stand before them.
_MAKERS = (
    ("claude-", "anthropic"),
    ("nova-", "amazon"),
    ("titan-", "amazon"),
    ("llama", "meta"),
    ("command-", "cohere"),
    ("mistral", "mistral"),
    ("mixtral", "mistral"),
)
#: What Claude Code puts behind a model that it asks for a large context.
_LARGE_CONTEXT = "[1m]"
_FIREWORKS = "accounts/fireworks/models/"
_FINE_TUNED = "ft:"
_ARN = "arn:"


@lru_cache(maxsize=4096)
def spellings(provider: str, model: str) -> tuple[str, ...]:
    """Return the names to look a provider's model up by, in lower case, the most exact one first.

    As written, then without what only says where it runs, then without its release, so that a new
    release is priced as the model that it is one of. A fine-tuned model is no release of its base.
    """
    written = model.strip().lower()
    plain = _spellings(provider, plain_name(provider, model))
    # The name of a model of one's own may hold the name of its base.
    names = plain if written.startswith(_ARN) else (written, *plain)
    return tuple(dict.fromkeys(names))


def plain_name(provider: str, model: str) -> str:
    """Return a model's name in lower case, without the prefixes that only say where it runs."""
    name = model.strip().lower().removesuffix(_LARGE_CONTEXT)
    if name.startswith(_ARN):
        return name.rpartition("/")[2]
    if provider.startswith("huggingface_"):
        name = name.removesuffix(f":{provider.partition('_')[2]}")
    before, colon, after = name.partition(":")
    if colon and canonical_of(before) == provider:
        name = after
    return _without_maker(provider, name)


def _without_maker(provider: str, name: str) -> str:
    """Return the name without any prefix, or where a slash is part of ids, the provider's own."""
    if provider not in RESELLERS and not provider.startswith("huggingface_"):
        return name.rpartition("/")[2]
    while "/" in name and canonical_of(name.partition("/")[0]) in {provider, "huggingface"}:
        name = name.partition("/")[2]
    return name


def _spellings(provider: str, name: str) -> Iterator[str]:
    yield name
    if name.startswith(_FINE_TUNED):
        yield ":".join(name.split(":")[:2])
        return
    yield from _releases(name)
    if provider == "aws" and (elsewhere := _REGION.sub("", name)) != name:
        yield from _releases(elsewhere)
    if provider == "aws" and (maker := _maker_of(name)) is not None:
        yield from _releases(f"{maker}.{name}")
    if provider == "fireworks" and "/" not in name:
        yield from _releases(_FIREWORKS + name)


def _maker_of(name: str) -> str | None:
    """Return who makes a model of Bedrock that a tracer told without its maker."""
    return next((maker for family, maker in _MAKERS if name.startswith(family)), None)


def _releases(name: str) -> Iterator[str]:
    """Yield the name, then with its date in the other form, then with less and less behind it."""
    while name:
        yield name
        if (dashed := _COMPACT_DATE.sub(r"\1-\2-\3", name)) != name:
            yield dashed
        shorter = _RELEASE.sub("", name)
        if shorter == name:
            return
        name = shorter
