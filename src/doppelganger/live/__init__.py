"""A call in which the avatar is worn: its state, and the ways in and out of it."""
