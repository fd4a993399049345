"""The pages: one router for each, all of them thin over ``faceindex.library``."""
