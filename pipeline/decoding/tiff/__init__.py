"""TIFFs that Pillow does not decode right."""
