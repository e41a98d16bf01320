"""A persona: one identity kept fixed over many pictures. ``persona`` is the value, ``folder`` its place."""
