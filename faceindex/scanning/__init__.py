"""What brings a library up to date with its folders: scan, nightly reindex, roots, a switch of model."""
