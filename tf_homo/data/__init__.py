"""Data sets: faces we draw, photos of faces, and the readers for both."""
