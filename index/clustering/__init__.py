"""Groups of faces of one person, kept up to date as faces come and decisions change."""
