"""What Pillow decodes."""
