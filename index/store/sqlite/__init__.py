"""SQLite as the store of a library: one file, its connections, copies, backup and salvage."""
