"""Records of saved indexes say only which file belongs to a library; photos that may have moved are marked.

The next scan builds indexes anew, because the format of their files has changed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("photo", sa.Column("perhaps_moved", sa.Boolean, nullable=False, server_default="0"))
    op.drop_table("vector_index")
    op.create_table(
        "vector_index",
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("previous", sa.LargeBinary),
    )
