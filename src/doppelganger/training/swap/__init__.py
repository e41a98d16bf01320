"""The swap of two decoders: faces of A and of B, one encoder for both, a decoder for each, scenes of A with B's face.

photos, videos ─ extract ─▶ face set A ┐
photos, videos ─ extract ─▶ face set B ┴ train ─▶ run ┐
                            scenes of A ──────────────┴ convert ─▶ scenes of A with B's face
"""
