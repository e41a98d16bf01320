"""Asking people: an offline page of blinded trials made from portraits and their avatars, and the analysis of its answers."""
