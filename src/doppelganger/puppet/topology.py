"""Which of the 478 points are what. Indices of MediaPipe's face mesh (Kartynnik et al. 2019); right and left are the person's."""

from typing import Final

Indices = tuple[int, ...]

# fmt: off
LIPS_OUTER: Final[Indices] = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
)
LIPS_INNER: Final[Indices] = (
    78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191,
)
RIGHT_EYE: Final[Indices] = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE: Final[Indices] = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
"""Around the opening: outer corner, lower lid, inner corner, upper lid."""
OVAL: Final[Indices] = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
# fmt: on
RIGHT_IRIS, LEFT_IRIS = 468, 473
"""The middles; four points of the rim follow each."""
RIGHT_LIDS: Final = ((159, 145), (160, 144), (158, 153), (161, 163), (157, 154), (246, 7), (173, 155))
LEFT_LIDS: Final = ((386, 374), (387, 373), (385, 380), (388, 390), (384, 381), (466, 249), (398, 382))
"""(upper, lower) across each eye, the middle pair first."""
RIGHT_CORNERS, LEFT_CORNERS = (33, 133), (263, 362)
"""(outer, inner)."""
MOUTH_CORNERS = (61, 291)
INNER_LIPS = ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402), (80, 88), (310, 318))
"""(upper, lower) across the opening, the middle pair first."""
OUTER_EYE_CORNERS = (33, 263)
