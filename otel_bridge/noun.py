"""The decorator of values that are made by the thousand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from typing_extensions import dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def noun(cls: type[_T]) -> type[_T]:
    """Make a dataclass whose fields nobody sets, as the type checker sees to.

    A frozen dataclass sees to it at run time, and takes four times as long to make.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
