"""Driving videos in, films out: frames with exact times, their sound kept."""
