"""The JSON contract of the command line. Fields may be added, never renamed."""
