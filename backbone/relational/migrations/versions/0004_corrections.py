"""What people say the verdicts on mentions should have been.

Revision 0004: corrections. They hold no text: that stays with the mention.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

# As they were when this revision was written: a later class needs a revision of its own.
CLASSES = {
    "urgency": ("critical", "high", "normal", "low"),
    "sentiment": ("negative", "neutral", "positive"),
    "intent": ("spam", "complaint", "question", "compliment", "remark"),
    "care": ("webcare", "community", "none"),
}


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "corrections",
        sa.Column("mention_id", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("brand", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("settles", sa.Boolean(create_constraint=False), nullable=False),
        *(sa.Column(name, TEXT, nullable=True) for name in (*CLASSES, "lang")),
        sa.PrimaryKeyConstraint("mention_id", "person", name="pk_corrections"),
        *(_one_of(column, classes) for column, classes in CLASSES.items()),
        sqlite_with_rowid=False,
    )


def _one_of(column: str, classes: Sequence[str]) -> sa.CheckConstraint:
    allowed = " OR ".join(f"{column} = {name!r}" for name in classes)
    return sa.CheckConstraint(allowed, name=op.f(f"ck_corrections_{column}"))


def downgrade() -> None:
    """Drop it, with all it holds."""
    op.drop_table("corrections")
