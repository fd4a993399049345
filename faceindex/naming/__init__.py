"""Decisions about faces, enrolment, and suggestions of faces to review."""
