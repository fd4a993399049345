"""SQLite as the store: connections, copies, backup and salvage of one file."""
