"""From the faces of a film's frames to tracklets: one for each appearance of a person."""
