"""Spikes of parts of a brand: many of them belong to one incident.

Revision 0005: direction, phase and told_at of spikes, and the indexes that find those that bear upon a new one.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
OF_AN_INCIDENT = sa.text("incident_id IS NOT NULL")


def upgrade() -> None:
    """Make them. What stands there already went up, and nobody knows how far it was."""
    op.add_column("spikes", sa.Column("direction", TEXT, nullable=False, server_default="up"))
    op.add_column("spikes", sa.Column("phase", TEXT, nullable=False, server_default="opened"))
    op.add_column("spikes", sa.Column("told_at", sa.BigInteger, nullable=True))
    op.create_index("ix_spikes_brand", "spikes", ["brand", "closed_at"])
    op.create_index(
        "ix_spikes_incident",
        "spikes",
        ["incident_id"],
        sqlite_where=OF_AN_INCIDENT,
        postgresql_where=OF_AN_INCIDENT,
    )


def downgrade() -> None:
    """Drop them. The spikes stay."""
    op.drop_index("ix_spikes_incident", "spikes")
    op.drop_index("ix_spikes_brand", "spikes")
    for column in ("told_at", "phase", "direction"):
        op.drop_column("spikes", column)
