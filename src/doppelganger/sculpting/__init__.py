"""Faces to order: a wish, the face nearest to it, and what was measured on it."""
