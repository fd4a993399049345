"""Photos and their faces: what is recorded of each outcome, and what is read of them."""
