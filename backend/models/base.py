"""What every table shares: names of constraints and exact column types."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import BigInteger, Dialect, ForeignKey, Integer, MetaData, String, Uuid
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal kept as its text: SQLite has no exact decimals, and both databases must agree."""

    impl = String(64)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """Return the digits as text, without an exponent."""
        return None if value is None else format(value, "f")

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """Return the decimal that was written."""
        return None if value is None else Decimal(value)


class EventId(TypeDecorator[bytes]):
    """A UUID that is sixteen bytes in Python, where it is a key while batches are stored."""

    impl = Uuid
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> UUID | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """Return the UUID."""
        return None if value is None else UUID(bytes=value)

    def process_result_value(self, value: UUID | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """Return the sixteen bytes."""
        return None if value is None else value.bytes


class Base(DeclarativeBase):
    """The declarative base; constraints have names, so that migrations can drop them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


#: SQLite counts up only in a column declared INTEGER; its integers are 64 bits wide all the same.
_Id = BigInteger().with_variant(Integer, "sqlite")

RowId = Annotated[int, mapped_column(_Id, primary_key=True, autoincrement=True)]
#: A count, token sum, nano-USD amount, millisecond sum or Unix time in microseconds.
Wide = Annotated[int, mapped_column(BigInteger)]
OwnerId = Annotated[int, mapped_column(_Id, ForeignKey("users.id", ondelete="CASCADE"))]
OwnerKey = Annotated[
    int, mapped_column(_Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
]
#: An agent that something points at cannot be deleted.
AgentId = Annotated[int, mapped_column(_Id, ForeignKey("agents.id"))]
