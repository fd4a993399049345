"""The REST API: one router for each subject, in the models of ``faceindex.schemas``."""
