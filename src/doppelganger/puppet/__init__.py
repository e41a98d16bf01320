"""Avatars that move: a rig is prepared once, a puppet follows a driver."""
