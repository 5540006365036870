"""Stories: what several mentions say, and who says it.

Revision 0003: stories, story_keys; people of items; channel, person, story, story_reason and copied of mentions.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make them. What stands there already was said by nobody in particular and tells no story."""
    for column in _mention_columns():
        op.add_column("mentions", column)
    op.add_column("items", sa.Column("people", sa.Integer, nullable=False, server_default=sa.text("1")))
    op.drop_index("ix_mentions_item", "mentions")
    _index("ix_mentions_item", "mentions", ["item_id", "created_at", "id"], "item_id IS NOT NULL AND copied IS 0")
    _index("ix_mentions_copied", "mentions", ["item_id", "person"], "copied IS 1")
    _index("ix_mentions_story", "mentions", ["story", "created_at", "id"], "story IS NOT NULL")
    _stories()


def _mention_columns() -> Sequence[sa.Column[object]]:
    return (
        sa.Column("channel", TEXT, nullable=False, server_default=""),
        sa.Column("person", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("story", TEXT, nullable=True),
        sa.Column("story_reason", TEXT, nullable=False, server_default=""),
        sa.Column("copied", sa.Boolean(create_constraint=False), nullable=False, server_default=sa.text("false")),
    )


def _index(name: str, table: str, columns: Sequence[str], where: str) -> None:
    on_postgresql = where.replace("IS 0", "IS false").replace("IS 1", "IS true")
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(on_postgresql))


def _stories() -> None:
    op.create_table(
        "stories",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("brand", TEXT, nullable=False),
        sa.Column("drill", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("sketch", sa.LargeBinary, nullable=False),
        sa.Column("keys", sa.LargeBinary, nullable=False),
        sa.Column("mention_id", TEXT, nullable=False),
        sa.Column("item_id", TEXT, nullable=True),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stories"),
    )
    op.create_index("ix_stories_expiry", "stories", ["brand", "expires_at", "id"])
    op.create_table(
        "story_keys",
        sa.Column("key", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("slot", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("story", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("key", "slot", name="pk_story_keys"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop them, with all they hold. Items keep the copies that were folded into them."""
    op.drop_table("story_keys")
    op.drop_table("stories")
    for name in ("ix_mentions_story", "ix_mentions_copied", "ix_mentions_item"):
        op.drop_index(name, "mentions")
    for column in ("copied", "story_reason", "story", "person", "channel"):
        op.drop_column("mentions", column)
    op.drop_column("items", "people")
    _index("ix_mentions_item", "mentions", ["item_id", "created_at", "id"], "item_id IS NOT NULL")
