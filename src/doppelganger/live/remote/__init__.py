"""Rendering on another machine: what goes over the wire, the server, and the reenactor that stands in for it on the laptop."""
