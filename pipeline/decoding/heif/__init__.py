"""HEIC and AVIF, and the boxes that they are made of."""
