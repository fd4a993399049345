"""Reads what a picture file says of itself beside its pixels: EXIF, XMP and IPTC, and the dates in them."""
