"""Where photo files come from: the crawl of folders, ignore files, and access to a file's bytes."""
