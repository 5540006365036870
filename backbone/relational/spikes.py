"""Spikes, as the router heard of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from backbone.records import Spike, SpikePart
from backbone.relational.rows import SPIKES, micros
from backbone.relational.tables import incidents, spikes
from backbone.relational.work import Work

_SPIKES = select(*SPIKES.columns)
_NEWEST = (spikes.c.opened_at.desc(), spikes.c.id.desc())
_OVER = incidents.c.state == "resolved"


def put(work: Work, spike: Spike) -> None:
    """See `DeskTransaction.put_spike`."""
    work.put(spikes, SPIKES.values(spike))


def newest(
    work: Work,
    brands: Sequence[str] | None,
    open_only: bool,
    limit: int,
    incident_id: str | None,
    part: SpikePart | None,
) -> Sequence[Spike]:
    """See `DeskTransaction.spikes`."""
    statement: Select[Any] = _SPIKES.order_by(*_NEWEST).limit(limit)
    if brands is not None:
        statement = statement.where(spikes.c.brand.in_(brands))
    if open_only:
        statement = statement.where(spikes.c.closed_at.is_(None))
    if incident_id is not None:
        statement = statement.where(spikes.c.incident_id == incident_id)
    if part is not None:
        statement = statement.where(_is_part(part))
    return work.records(SPIKES, statement)


def _is_part(part: SpikePart) -> ColumnElement[bool]:
    if part == "whole":
        return ~spikes.c.series.contains("|", autoescape=True)
    return spikes.c.series.contains(f"|{part}=", autoescape=True)


def going_on(work: Work, brands: Sequence[str], ids: Sequence[str], since: datetime) -> Sequence[Spike]:
    """See `DeskTransaction.spikes_going_on`."""
    work.alone("spikes", *brands)
    of_an_open_incident = select(incidents.c.id).where(incidents.c.brand.in_(brands), ~_OVER)
    bears = or_(
        spikes.c.closed_at.is_(None),
        spikes.c.closed_at >= micros(since),
        spikes.c.id.in_(ids),
        spikes.c.incident_id.in_(of_an_open_incident),
    )
    statement = _SPIKES.where(spikes.c.brand.in_(brands), bears).order_by(spikes.c.opened_at, spikes.c.id)
    return work.records(SPIKES, statement)
