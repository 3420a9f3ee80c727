"""Prices of models."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, ExactDecimal, RowId, Wide


class LlmPrice(Base):
    """USD per million tokens of one model from one time to another, as `Price` has them."""

    __tablename__ = "obs_llm_pricing"
    __table_args__ = (Index(None, "user_id", "provider", "model"),)

    id: Mapped[RowId]
    #: None: the list that every owner shares.
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(255))
    input_cost_per_mtok: Mapped[Decimal | None] = mapped_column(ExactDecimal)
    output_cost_per_mtok: Mapped[Decimal | None] = mapped_column(ExactDecimal)
    cache_read_cost_per_mtok: Mapped[Decimal | None] = mapped_column(ExactDecimal)
    cache_write_cost_per_mtok: Mapped[Decimal | None] = mapped_column(ExactDecimal)
    cache_write_1h_cost_per_mtok: Mapped[Decimal | None] = mapped_column(ExactDecimal)
    reasoning_cost_per_mtok: Mapped[Decimal | None] = mapped_column(ExactDecimal)
    audio_in_cost_per_mtok: Mapped[Decimal | None] = mapped_column(ExactDecimal)
    audio_cache_read_cost_per_mtok: Mapped[Decimal | None] = mapped_column(ExactDecimal)
    audio_out_cost_per_mtok: Mapped[Decimal | None] = mapped_column(ExactDecimal)
    image_in_cost_per_mtok: Mapped[Decimal | None] = mapped_column(ExactDecimal)
    image_cache_read_cost_per_mtok: Mapped[Decimal | None] = mapped_column(ExactDecimal)
    image_out_cost_per_mtok: Mapped[Decimal | None] = mapped_column(ExactDecimal)
    cost_per_thousand_requests: Mapped[Decimal] = mapped_column(
        ExactDecimal, default=Decimal(0), server_default="0"
    )
    #: Half-open; None is open-ended.
    effective_from_us: Mapped[Wide | None]
    effective_to_us: Mapped[Wide | None]
    source: Mapped[str] = mapped_column(String(64))
    created_us: Mapped[Wide]
