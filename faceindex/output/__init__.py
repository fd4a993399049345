"""Files that are made from a library: exports, annotated photos, sheets of faces, folders of links."""
