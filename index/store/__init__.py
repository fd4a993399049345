"""The database of a library: its tables, and the backend that keeps them."""
