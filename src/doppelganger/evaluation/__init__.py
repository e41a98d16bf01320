"""``doppelganger evaluate``: does an avatar protect, and what does it cost in likeness and realism?"""
