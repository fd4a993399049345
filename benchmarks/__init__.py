"""Each headline figure of the documents has one command here."""
