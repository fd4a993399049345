"""How well faces are told apart: measures, in NumPy alone, and how they are found and shown.

The words are those of ISO/IEC 19795-1: a comparison is genuine where both faces are of one person, and an
impostor comparison where they are not. What the standard calls a match is a similarity at or above the
threshold.
"""
