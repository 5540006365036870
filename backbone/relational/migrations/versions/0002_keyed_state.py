"""The records of stateful steps.

Revision 0002: states. The embedded mode keeps these in a file of their own and leaves the table empty.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "states",
        sa.Column("step", TEXT, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("step", "key", name="pk_states"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop it, with all it holds."""
    op.drop_table("states")
