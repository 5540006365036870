"""The tables of the desk.

A column has the name and the meaning of the record's field. Instants are microseconds since 1970 (UTC), objects are
JSON text. What must hold whoever writes is a constraint here. Texts are compared and ordered by their bytes, whatever
the language of the database.
"""

from typing import Any, Literal, get_args

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from backbone.records import IncidentState, ItemState, Method, Outcome, PageState
from contracts.mentions import Care, Intent, Sentiment, Urgency

metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s"})

NO_DUE = 2**63 - 1
"""`due_order` of an item without a due time: last."""

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
_NUMBER = BigInteger().with_variant(Integer(), "sqlite")


def _text(name: str, *, null: bool = False, key: bool = False) -> Column[Any]:
    return Column(name, _TEXT, nullable=null, primary_key=key)


def _whole(name: str, *, key: bool = False) -> Column[Any]:
    return Column(name, Integer, nullable=False, primary_key=key, autoincrement=False)


def _instant(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, BigInteger, nullable=null)


def _flag(name: str, *, default: str | None = None) -> Column[Any]:
    given = None if default is None else text(default)
    return Column(name, Boolean(create_constraint=False), nullable=False, server_default=given)


def _json(name: str) -> Column[Any]:
    return Column(name, _TEXT, nullable=False)


def _one_of(column: str, values: Any) -> CheckConstraint:
    # Not IN: for each row that is written SQLite would build a small index of the values first.
    return CheckConstraint(" OR ".join(f"{column} = {value!r}" for value in get_args(values)), name=column)


def _some(name: str, *columns: Any, where: str, unique: bool = False) -> Index:
    """An index over the rows where `where` holds; a flag is compared as SQLite does, with IS 0 and IS 1."""
    on_postgresql = where.replace("IS 0", "IS false").replace("IS 1", "IS true")
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(on_postgresql))


# Columns that came later have a default in the database: older processes write rows without them.


# ------------------------------------------------------------------------------------- offsets, counts and outbox

offsets = Table(
    "offsets",
    metadata,
    _text("consumer"),
    _text("topic"),
    _whole("partition"),
    Column("next", BigInteger, nullable=False),
    PrimaryKeyConstraint("consumer", "topic", "partition"),
    sqlite_with_rowid=False,
)

counters = Table(
    "counters",
    metadata,
    _text("name"),
    _text("reason"),
    Column("n", BigInteger, nullable=False),
    PrimaryKeyConstraint("name", "reason"),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    _text("topic"),
    _text("key"),
    Column("payload", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

answers = Table(
    "answers",
    metadata,
    _text("key"),
    _text("person"),
    Column("answer", LargeBinary, nullable=False),
    _instant("at"),
    PrimaryKeyConstraint("key", "person"),
    Index("ix_answers_at", "at"),
)

# --------------------------------------------------------------------------------------------- mentions and items

mentions = Table(
    "mentions",
    metadata,
    _text("id", key=True),
    _whole("revision"),
    _text("brand"),
    _text("item_id", null=True),
    _text("outcome"),
    _text("reason"),
    _instant("created_at"),
    _text("text"),
    _text("author_name", null=True),
    _text("url", null=True),
    _json("verdict"),
    _flag("drill"),
    Column("channel", _TEXT, nullable=False, server_default=""),
    Column("person", BigInteger, nullable=False, server_default=text("0")),
    _text("story", null=True),
    Column("story_reason", _TEXT, nullable=False, server_default=""),
    _flag("copied", default="false"),
    _one_of("outcome", Outcome),
    _some("ix_mentions_item", "item_id", "created_at", "id", where="item_id IS NOT NULL AND copied IS 0"),
    _some("ix_mentions_copied", "item_id", "person", where="copied IS 1"),
    _some("ix_mentions_story", "story", "created_at", "id", where="story IS NOT NULL"),
)

items = Table(
    "items",
    metadata,
    _text("id", key=True),
    _text("brand"),
    _text("queue"),
    _text("conversation"),
    _text("channel"),
    _text("source"),
    _text("thread", null=True),
    _text("author", null=True),
    _text("author_name", null=True),
    _text("state"),
    _text("urgency"),
    _flag("unsure"),
    _text("sentiment"),
    _text("intent"),
    _text("care"),
    _text("lang"),
    _whole("priority"),
    _text("reason"),
    _instant("opened_at"),
    _instant("last_mention_at"),
    _text("last_mention_id"),
    _text("excerpt"),
    _whole("mentions"),
    _instant("due_at", null=True),
    _flag("overdue"),
    _instant("first_reply_at", null=True),
    _instant("resolved_at", null=True),
    _text("holder", null=True),
    _instant("lease_until", null=True),
    _whole("fence"),
    _text("incident_id", null=True),
    _whole("seq"),
    _flag("drill"),
    Column("people", Integer, nullable=False, server_default=text("1")),
    _instant("due_order"),
    _one_of("state", ItemState),
    _one_of("urgency", Urgency),
    _one_of("sentiment", Sentiment),
    _one_of("intent", Intent),
    _one_of("care", Care),
    CheckConstraint(
        "(state = 'claimed') = (holder IS NOT NULL) AND (state = 'claimed') = (lease_until IS NOT NULL)", name="held"
    ),
    _some("ix_items_open_conversation", "conversation", where="state <> 'done'", unique=True),
    Index("ix_items_conversation", "conversation", "opened_at", "id"),
    _some("ix_items_handling", "priority", "due_order", "opened_at", "id", where="state <> 'done'"),
    _some("ix_items_done", "priority", "due_order", "opened_at", "id", where="state = 'done'"),
)

replies = Table(
    "replies",
    metadata,
    _text("id", key=True),
    _text("item_id"),
    _text("mention_id"),
    _text("author"),
    _text("text"),
    _instant("at"),
    Index("ix_replies_item", "item_id", "at", "id"),
)

# ----------------------------------------------------------------------------------------------------- corrections

corrections = Table(
    "corrections",
    metadata,
    _text("mention_id"),
    _text("person"),
    _whole("revision"),
    _text("brand"),
    _instant("at"),
    _flag("settles"),
    _text("urgency", null=True),
    _text("sentiment", null=True),
    _text("intent", null=True),
    _text("care", null=True),
    _text("lang", null=True),
    PrimaryKeyConstraint("mention_id", "person"),
    _one_of("urgency", Urgency),
    _one_of("sentiment", Sentiment),
    _one_of("intent", Intent),
    _one_of("care", Care),
    sqlite_with_rowid=False,
)

# --------------------------------------------------------------------------------------------------------- stories

stories = Table(
    "stories",
    metadata,
    _text("id", key=True),
    _text("brand"),
    _flag("drill"),
    Column("sketch", LargeBinary, nullable=False),
    Column("keys", LargeBinary, nullable=False),
    _text("mention_id"),
    _text("item_id", null=True),
    _instant("first_at"),
    _instant("last_at"),
    _instant("expires_at"),
    Index("ix_stories_expiry", "brand", "expires_at", "id"),
)

story_keys = Table(
    "story_keys",
    metadata,
    Column("key", BigInteger, nullable=False, autoincrement=False),
    _whole("slot"),
    _text("story"),
    PrimaryKeyConstraint("key", "slot"),
    sqlite_with_rowid=False,
)

# --------------------------------------------------------------------------------------------- incidents and pages

incidents = Table(
    "incidents",
    metadata,
    _text("id", key=True),
    _text("dedup_key"),
    _text("brand"),
    _text("kind"),
    _text("state"),
    _text("reason"),
    _json("evidence"),
    _instant("opened_at"),
    _instant("first_mention_at"),
    _whole("mentions"),
    _text("item_id", null=True),
    _text("spike_id", null=True),
    _text("acked_by", null=True),
    _instant("acked_at", null=True),
    _instant("ack_expires_at", null=True),
    _text("resolved_by", null=True),
    _instant("resolved_at", null=True),
    _whole("epoch"),
    _whole("seq"),
    _flag("drill"),
    _one_of("state", IncidentState),
    CheckConstraint("state <> 'acknowledged' OR acked_by IS NOT NULL", name="acknowledged"),
    _some("ix_incidents_open_key", "dedup_key", where="state <> 'resolved'", unique=True),
    Index("ix_incidents_newest", "opened_at", "id"),
)

runs = Table(
    "runs",
    metadata,
    _text("incident_id"),
    _whole("epoch"),
    _json("policy"),
    _whole("step"),
    _whole("loop"),
    _flag("done"),
    PrimaryKeyConstraint("incident_id", "epoch"),
)

pages = Table(
    "pages",
    metadata,
    _text("id", key=True),
    _text("incident_id", null=True),
    _text("brand"),
    _text("kind"),
    _text("person"),
    _text("channel"),
    _whole("epoch"),
    _whole("loop"),
    _whole("step"),
    _text("state"),
    _text("reason"),
    _instant("due_at"),
    _instant("created_at"),
    _instant("since"),
    _instant("expires_at"),
    _text("title"),
    _text("body"),
    _whole("attempts"),
    _instant("accepted_at", null=True),
    _text("provider_ref", null=True),
    _text("lease_owner", null=True),
    _instant("lease_until", null=True),
    _whole("fence"),
    _text("digest_id", null=True),
    _flag("last_resort"),
    _flag("drill"),
    _one_of("state", PageState),
    CheckConstraint("(state = 'sending') = (lease_owner IS NOT NULL)", name="sending"),
    _some("ix_pages_due", "due_at", "id", where="state IN ('planned', 'due', 'sending')"),
    Index("ix_pages_incident", "incident_id", "due_at", "id"),
    Index("ix_pages_person", "person", "due_at", "id"),
    _some("ix_pages_digest", "digest_id", "created_at", "id", where="digest_id IS NOT NULL"),
)

attempts = Table(
    "attempts",
    metadata,
    _text("page_id"),
    _whole("n"),
    _instant("started"),
    _instant("ended", null=True),
    _text("outcome"),
    _text("detail"),
    PrimaryKeyConstraint("page_id", "n"),
    _one_of("outcome", Literal["accepted", "temporary", "permanent", "unknown", "not_sent"]),
)

# ------------------------------------------------------------------------------------------------------- campaigns

campaigns = Table(
    "campaigns",
    metadata,
    _text("id", key=True),
    _text("name"),
    _text("brand"),
    _instant("starts_at"),
    _instant("ends_at"),
    Column("factor", Double, nullable=False),
    Column("caution", Double, nullable=False),
    _json("people"),
    _text("declared_by"),
    _instant("declared_at"),
    _text("ended_by", null=True),
    _whole("seq"),
    CheckConstraint("factor > 0 AND caution >= 1", name="figures"),
    Index("ix_campaigns_end", "brand", "ends_at"),
)

# -------------------------------------------------------------------------------------- spikes, timers and audit

spikes = Table(
    "spikes",
    metadata,
    _text("id", key=True),
    _text("series"),
    _text("brand"),
    _instant("opened_at"),
    _instant("closed_at", null=True),
    _json("evidence"),
    _text("incident_id", null=True),
    _flag("drill"),
    Column("direction", _TEXT, nullable=False, server_default="up"),
    Column("phase", _TEXT, nullable=False, server_default="opened"),
    _instant("told_at", null=True),
    Index("ix_spikes_newest", "opened_at", "id"),
    Index("ix_spikes_brand", "brand", "closed_at"),
    _some("ix_spikes_incident", "incident_id", where="incident_id IS NOT NULL"),
)

timers = Table(
    "timers",
    metadata,
    _text("kind"),
    _text("subject"),
    _instant("due_at"),
    _json("data"),
    PrimaryKeyConstraint("kind", "subject"),
    Index("ix_timers_due", "due_at", "kind", "subject"),
    sqlite_with_rowid=False,
)

audit = Table(
    "audit",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    _instant("at"),
    _text("actor"),
    _text("method"),
    _text("action"),
    _text("subject"),
    _text("incident_id", null=True),
    _text("brand"),
    _text("reason"),
    _json("data"),
    _one_of("method", Method),
    Index("ix_audit_subject", "subject", "number"),
    _some("ix_audit_incident", "incident_id", "number", where="incident_id IS NOT NULL"),
    sqlite_autoincrement=True,
)

# --------------------------------------------------------------------------------------------------- keyed state

states = Table(
    "states",
    metadata,
    _text("step"),
    Column("key", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=False),
    PrimaryKeyConstraint("step", "key"),
    sqlite_with_rowid=False,
)
