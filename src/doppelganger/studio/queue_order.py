"""Who is next: one job of each person in turn, so that nobody waits behind all the jobs of another."""

from collections.abc import Collection, Mapping, Sequence

from doppelganger.studio.tables.jobs import JobRow


def fair_order(
    queued: Sequence[JobRow], last_begun: Mapping[str, float], running: Collection[str] = ()
) -> list[JobRow]:
    """The queued jobs (the oldest first) in the order in which they will begin.

    Round by round every person has one; within a round who was served longest ago comes first. ``running``: people who have
    a job under way, whose turn of this round it is.
    """
    rounds: dict[str, int] = dict.fromkeys(running, 1)
    placed = []
    for job in queued:
        turn = rounds.get(job.person, 0)
        rounds[job.person] = turn + 1
        placed.append((turn, last_begun.get(job.person, 0.0), job.created, job))
    return [job for *_, job in sorted(placed, key=lambda entry: entry[:3])]
