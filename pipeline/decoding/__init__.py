"""From the bytes of a photo file to upright sRGB pixels, in reader processes that may die."""
