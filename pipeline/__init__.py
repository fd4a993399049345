"""Photo files in, faces with descriptors out. Knows no database and no terminal."""
