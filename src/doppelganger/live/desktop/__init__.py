"""A call without a browser: a camera or a video in, windows, virtual cameras and films out."""
