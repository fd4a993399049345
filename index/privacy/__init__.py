"""Forgetting a person: out of the rows, the journal, the index files and copies."""
