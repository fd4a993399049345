"""What is kept of the saved index is only what tells whether a file is one that the library saved.

Indexes are built anew: the next scan does it. The format of their files has changed. And photos are marked
that got a content which other paths had, until it is known whether they are copies or have moved.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "photo",
        sa.Column("perhaps_moved", sa.Boolean(name="perhaps_moved"), nullable=False, server_default="0"),
    )
    op.drop_table("vector_index")
    op.create_table(
        "vector_index",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_vector_index")),
    )
