"""What may be wrong in a library, and its repair."""
