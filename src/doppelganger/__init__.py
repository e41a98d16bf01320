"""From one portrait, a face that people take for you and machines take for somebody else."""

__version__ = "0.1.0"
