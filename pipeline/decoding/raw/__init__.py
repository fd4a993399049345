"""Camera raw files: their previews, or their pixels."""
