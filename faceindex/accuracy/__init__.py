"""Recognition accuracy: measures, how they are taken, and how they are shown.

The terms are those of ISO/IEC 19795-1: a genuine comparison is of two faces of one person, an impostor
comparison of faces of two, and a match is a similarity at or above the threshold.
"""
