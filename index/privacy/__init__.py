"""Forgets a person: in the tables, the journal, the index files and copies."""
