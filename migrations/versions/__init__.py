"""One module a revision; each, once released, is never edited again."""
