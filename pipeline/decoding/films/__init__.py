"""Decoding of films: what is asked of one, and its frames, from a reader process."""
