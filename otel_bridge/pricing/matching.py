"""Whether a name of the price list stands for a model, and not for one that is called alike.

The list's clauses are made to find a price; some of them find one for any name that contains a
model's. Here what stands before and behind the model's name has to say where it runs, and when or
as which edition it was released.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo

_WORD = re.compile(r"[a-z\d]+")
#: A version, a date, a context length, a channel of release.
_EDITION = re.compile(
    r"v?\d+k?|latest|preview|exp|experimental|beta|nightly|thinking|instruct|it|text|default"
)


def stands_for(name: str, model: ModelInfo) -> bool:
    """Whether a name (lower case) is one of the model's."""
    if name == model.id.lower():
        return model.is_match(name)
    return _fits(model.match, name, model)


def _fits(clause: object, name: str, model: ModelInfo) -> bool:
    """Whether a clause finds the name, with nothing around it that makes another model of it."""
    kind, value = _opened(clause)
    if kind == "or_":
        return any(_fits(inner, name, model) for inner in cast("list[object]", value))
    if kind == "and_":
        return all(_fits(inner, name, model) for inner in cast("list[object]", value))
    text = str(value)
    if kind == "regex":
        return re.search(text, name) is not None
    text = text.lower()
    if kind == "equals":
        return name == text
    start = _position(kind, text, name)
    if start < 0:
        return False
    before, after = name[:start], name[start + len(text) :]
    return _is_place(before) and (not text[-1:].isalnum() or _is_edition(after, model))


def _opened(clause: object) -> tuple[str, object]:
    """Return the one field of a clause: its kind, and a text or a list of clauses."""
    (field,) = vars(clause).items()
    return field


def _texts(clause: object) -> Iterator[str]:
    _, value = _opened(clause)
    if isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    else:
        yield str(value)


def _position(kind: str, text: str, name: str) -> int:
    """Return where the clause's text begins in the name; -1 where the clause does not find it."""
    if kind == "starts_with":
        return 0 if name.startswith(text) else -1
    if kind == "ends_with":
        return len(name) - len(text) if name.endswith(text) else -1
    return name.find(text)


def _is_place(before: str) -> bool:
    """Whether what stands before a model's name is a path, a region or a vendor."""
    return not before or before[-1] in "./"


def _is_edition(after: str, model: ModelInfo) -> bool:
    """Whether what stands behind a model's name tells a release, or is in its names elsewhere."""
    if after[:1].isalnum():
        return False
    texts = (model.id, *_texts(model.match))
    words = {word for text in texts for word in _WORD.findall(text.lower())}
    return all(word in words or _EDITION.fullmatch(word) for word in _WORD.findall(after))
