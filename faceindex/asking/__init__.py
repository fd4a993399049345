"""Answers questions about photos: who is in one and why, one person or two, which photos show whom."""
