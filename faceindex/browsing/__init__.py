"""What is looked at page by page: people, clusters, faces and photos, with cursors that stay valid."""
