"""From faces to descriptors: crops, quality, and the descriptor model in batches."""
