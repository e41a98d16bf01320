"""Runs the ONNX recognisers, and the guess of sex, as PyTorch modules, so that a gradient can reach the picture.

It knows the few operators that these networks consist of, nothing more. While it loads (`graph.py`), chains of small operators are
replaced by the one PyTorch kernel that does the same (`merging.py`): that is where the time goes on a CPU. `lowering.py` has the
kernel of each operator, `network.py` runs them.
"""
