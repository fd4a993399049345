"""Pictures of faces, photos and films for people to look at, made when they are asked for."""
