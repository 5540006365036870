"""The first tables.

Revision 0001: offsets, counters, outbox, answers, mentions, items, replies, incidents, runs, pages, attempts, spikes,
timers, audit. A revision says all it needs itself: it stays as it is when `tables.py` moves on.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = (
    "offsets",
    "counters",
    "outbox",
    "answers",
    "mentions",
    "items",
    "replies",
    "incidents",
    "runs",
    "pages",
    "attempts",
    "spikes",
    "timers",
    "audit",
)


def upgrade() -> None:
    """Make them."""
    _create_offsets()
    _create_counters()
    _create_outbox()
    _create_answers()
    _create_mentions()
    _create_items()
    _create_replies()
    _create_incidents()
    _create_runs()
    _create_pages()
    _create_attempts()
    _create_spikes()
    _create_timers()
    _create_audit()


def downgrade() -> None:
    """Drop them, with all they hold."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _index_some(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _create_offsets() -> None:
    op.create_table(
        "offsets",
        sa.Column("consumer", TEXT, nullable=False),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("next", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("consumer", "topic", "partition", name="pk_offsets"),
        sqlite_with_rowid=False,
    )


def _create_counters() -> None:
    op.create_table(
        "counters",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", "reason", name="pk_counters"),
        sqlite_with_rowid=False,
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_outbox"),
        sqlite_autoincrement=True,
    )


def _create_answers() -> None:
    op.create_table(
        "answers",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", "person", name="pk_answers"),
    )
    op.create_index("ix_answers_at", "answers", ["at"])


def _create_mentions() -> None:
    op.create_table(
        "mentions",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("brand", TEXT, nullable=False),
        sa.Column("item_id", TEXT, nullable=True),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("author_name", TEXT, nullable=True),
        sa.Column("url", TEXT, nullable=True),
        sa.Column("verdict", TEXT, nullable=False),
        sa.Column("drill", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mentions"),
        sa.CheckConstraint(
            "outcome = 'opened' OR outcome = 'folded' OR outcome = 'filtered' OR outcome = 'duplicate' "
            "OR outcome = 'edit' OR outcome = 'dead'",
            name=op.f("ck_mentions_outcome"),
        ),
    )
    _index_some("ix_mentions_item", "mentions", ["item_id", "created_at", "id"], "item_id IS NOT NULL")


def _create_items() -> None:
    op.create_table(
        "items",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("brand", TEXT, nullable=False),
        sa.Column("queue", TEXT, nullable=False),
        sa.Column("conversation", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("thread", TEXT, nullable=True),
        sa.Column("author", TEXT, nullable=True),
        sa.Column("author_name", TEXT, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("urgency", TEXT, nullable=False),
        sa.Column("unsure", sa.Boolean, nullable=False),
        sa.Column("sentiment", TEXT, nullable=False),
        sa.Column("intent", TEXT, nullable=False),
        sa.Column("care", TEXT, nullable=False),
        sa.Column("lang", TEXT, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("last_mention_at", sa.BigInteger, nullable=False),
        sa.Column("last_mention_id", TEXT, nullable=False),
        sa.Column("excerpt", TEXT, nullable=False),
        sa.Column("mentions", sa.Integer, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=True),
        sa.Column("overdue", sa.Boolean, nullable=False),
        sa.Column("first_reply_at", sa.BigInteger, nullable=True),
        sa.Column("resolved_at", sa.BigInteger, nullable=True),
        sa.Column("holder", TEXT, nullable=True),
        sa.Column("lease_until", sa.BigInteger, nullable=True),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("incident_id", TEXT, nullable=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("drill", sa.Boolean, nullable=False),
        sa.Column("due_order", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_items"),
        sa.CheckConstraint("state = 'waiting' OR state = 'claimed' OR state = 'done'", name=op.f("ck_items_state")),
        sa.CheckConstraint(
            "urgency = 'critical' OR urgency = 'high' OR urgency = 'normal' OR urgency = 'low'",
            name=op.f("ck_items_urgency"),
        ),
        sa.CheckConstraint(
            "sentiment = 'negative' OR sentiment = 'neutral' OR sentiment = 'positive'", name=op.f("ck_items_sentiment")
        ),
        sa.CheckConstraint(
            "intent = 'spam' OR intent = 'complaint' OR intent = 'question' OR intent = 'compliment' "
            "OR intent = 'remark'",
            name=op.f("ck_items_intent"),
        ),
        sa.CheckConstraint("care = 'webcare' OR care = 'community' OR care = 'none'", name=op.f("ck_items_care")),
        sa.CheckConstraint(
            "(state = 'claimed') = (holder IS NOT NULL) AND (state = 'claimed') = (lease_until IS NOT NULL)",
            name=op.f("ck_items_held"),
        ),
    )
    op.create_index("ix_items_conversation", "items", ["conversation", "opened_at", "id"])
    _index_some("ix_items_done", "items", ["priority", "due_order", "opened_at", "id"], "state = 'done'")
    _index_some("ix_items_handling", "items", ["priority", "due_order", "opened_at", "id"], "state <> 'done'")
    _index_some("ix_items_open_conversation", "items", ["conversation"], "state <> 'done'", unique=True)


def _create_replies() -> None:
    op.create_table(
        "replies",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("item_id", TEXT, nullable=False),
        sa.Column("mention_id", TEXT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_replies"),
    )
    op.create_index("ix_replies_item", "replies", ["item_id", "at", "id"])


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("dedup_key", TEXT, nullable=False),
        sa.Column("brand", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("evidence", TEXT, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("first_mention_at", sa.BigInteger, nullable=False),
        sa.Column("mentions", sa.Integer, nullable=False),
        sa.Column("item_id", TEXT, nullable=True),
        sa.Column("spike_id", TEXT, nullable=True),
        sa.Column("acked_by", TEXT, nullable=True),
        sa.Column("acked_at", sa.BigInteger, nullable=True),
        sa.Column("ack_expires_at", sa.BigInteger, nullable=True),
        sa.Column("resolved_by", TEXT, nullable=True),
        sa.Column("resolved_at", sa.BigInteger, nullable=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("drill", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
        sa.CheckConstraint(
            "state = 'triggered' OR state = 'acknowledged' OR state = 'resolved'", name=op.f("ck_incidents_state")
        ),
        sa.CheckConstraint("state <> 'acknowledged' OR acked_by IS NOT NULL", name=op.f("ck_incidents_acknowledged")),
    )
    op.create_index("ix_incidents_newest", "incidents", ["opened_at", "id"])
    _index_some("ix_incidents_open_key", "incidents", ["dedup_key"], "state <> 'resolved'", unique=True)


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("incident_id", TEXT, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("loop", sa.Integer, nullable=False),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "epoch", name="pk_runs"),
    )


def _create_pages() -> None:
    op.create_table(
        "pages",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("incident_id", TEXT, nullable=True),
        sa.Column("brand", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("loop", sa.Integer, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("accepted_at", sa.BigInteger, nullable=True),
        sa.Column("provider_ref", TEXT, nullable=True),
        sa.Column("lease_owner", TEXT, nullable=True),
        sa.Column("lease_until", sa.BigInteger, nullable=True),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("digest_id", TEXT, nullable=True),
        sa.Column("last_resort", sa.Boolean, nullable=False),
        sa.Column("drill", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pages"),
        sa.CheckConstraint(
            "state = 'planned' OR state = 'due' OR state = 'sending' OR state = 'accepted' OR state = "
            "'delivered' OR state = 'read' OR state = 'failed' OR state = 'superseded' OR state = "
            "'bundled'",
            name=op.f("ck_pages_state"),
        ),
        sa.CheckConstraint("(state = 'sending') = (lease_owner IS NOT NULL)", name=op.f("ck_pages_sending")),
    )
    _index_some("ix_pages_digest", "pages", ["digest_id", "created_at", "id"], "digest_id IS NOT NULL")
    _index_some("ix_pages_due", "pages", ["due_at", "id"], "state IN ('planned', 'due', 'sending')")
    op.create_index("ix_pages_incident", "pages", ["incident_id", "due_at", "id"])
    op.create_index("ix_pages_person", "pages", ["person", "due_at", "id"])


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("page_id", TEXT, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger, nullable=True),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("page_id", "n", name="pk_attempts"),
        sa.CheckConstraint(
            "outcome = 'accepted' OR outcome = 'temporary' OR outcome = 'permanent' OR outcome = 'unknown' "
            "OR outcome = 'not_sent'",
            name=op.f("ck_attempts_outcome"),
        ),
    )


def _create_spikes() -> None:
    op.create_table(
        "spikes",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("series", TEXT, nullable=False),
        sa.Column("brand", TEXT, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.BigInteger, nullable=True),
        sa.Column("evidence", TEXT, nullable=False),
        sa.Column("incident_id", TEXT, nullable=True),
        sa.Column("drill", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_spikes"),
    )
    op.create_index("ix_spikes_newest", "spikes", ["opened_at", "id"])


def _create_timers() -> None:
    op.create_table(
        "timers",
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("data", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name="pk_timers"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_timers_due", "timers", ["due_at", "kind", "subject"])


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("method", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("incident_id", TEXT, nullable=True),
        sa.Column("brand", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("data", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
        sa.CheckConstraint(
            "method = 'ui' OR method = 'api' OR method = 'system' OR method = 'replay'", name=op.f("ck_audit_method")
        ),
        sqlite_autoincrement=True,
    )
    _index_some("ix_audit_incident", "audit", ["incident_id", "number"], "incident_id IS NOT NULL")
    op.create_index("ix_audit_subject", "audit", ["subject", "number"])
