"""How many pictures may be in the server's memory at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from doppelganger.studio.refusals import busy


class Gate:
    """Lets ``a_person`` of each person's requests and ``whole`` in all be under way."""

    def __init__(self, a_person: int, whole: int) -> None:
        self._a_person, self._whole = a_person, whole
        self._inside: dict[str, int] = {}

    @contextmanager
    def passing(self, person: str) -> Iterator[None]:
        """Within the block one more is. Raises Refusal where there are too many."""
        if self._inside.get(person, 0) >= self._a_person:
            raise busy("You are sending several pictures at once; wait for one of them.")
        if sum(self._inside.values()) >= self._whole:
            raise busy("Many pictures are being sent just now; try again in a minute.")
        self._inside[person] = self._inside.get(person, 0) + 1
        try:
            yield
        finally:
            self._inside[person] -= 1
            if not self._inside[person]:
                del self._inside[person]
