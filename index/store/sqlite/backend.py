"""SQLite as the backend of libraries: the functions of ``index.store.store.Backend``."""

from index.store.sqlite.backup import back_up, inspect, restore
from index.store.sqlite.database import check_file as check_exists
from index.store.sqlite.database import create_database as create
from index.store.sqlite.database import is_library
from index.store.sqlite.database import open_database as open  # noqa: A004
from index.store.sqlite.mounts import network_kind as shared_place
from index.store.sqlite.run_lock import last_run, lock, turn
from index.store.sqlite.salvage import damage, salvage

__all__ = [
    "back_up", "check_exists", "create", "damage", "inspect", "is_library", "last_run", "lock", "open",
    "restore", "salvage", "shared_place", "turn",
]  # fmt: skip
