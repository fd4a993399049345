"""How Alembic runs: on the connection, and with the metadata, that the caller put in the configuration.

The caller has begun a transaction, and commits it: a revision is applied whole or not at all.
"""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    transactional_ddl=True,
    render_as_batch=True,  # SQLite cannot alter a table in place
)

with context.begin_transaction():
    context.run_migrations()
