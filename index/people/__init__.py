"""Queries for who is in a library."""
