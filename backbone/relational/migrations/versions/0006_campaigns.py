"""What people declare on the spot: periods in which more is expected.

Revision 0006: campaigns.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "campaigns",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "name", "brand")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("starts_at", "ends_at")),
        *(sa.Column(name, sa.Double, nullable=False) for name in ("factor", "caution")),
        *(sa.Column(name, TEXT, nullable=False) for name in ("people", "declared_by")),
        sa.Column("declared_at", sa.BigInteger, nullable=False),
        sa.Column("ended_by", TEXT, nullable=True),
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
        sa.CheckConstraint("factor > 0 AND caution >= 1", name=op.f("ck_campaigns_figures")),
    )
    op.create_index("ix_campaigns_end", "campaigns", ["brand", "ends_at"])


def downgrade() -> None:
    """Drop it, with all it holds."""
    op.drop_table("campaigns")
