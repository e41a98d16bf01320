"""What the answers of a study say: per method, how often people take the avatar for the same person, and find it among others."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from doppelganger.study.answers import SAME, Answer
from doppelganger.study.design import Design, Role
from doppelganger.study.errors import StudyError
from doppelganger.study.intervals import Counts, Estimate, Rate, Resamples, criterion

MAX_FAILED = 0.25
"""Share of catch trials a participant may fail: one of four; to be fixed before answers are looked at."""
REPLICATES = 4000
LEVEL = 0.95
WARNING = "SIMULATED ANSWERS: drawn by a program, no person was asked. This is no result."
CATCH = (Role.CATCH_SAME, Role.CATCH_DIFFERENT)


@dataclass(frozen=True)
class MethodResult:
    """What people said about one method's avatars; None where no answer is of that kind."""

    method: str
    same: Rate | None
    """Share of *same* for portrait beside avatar."""
    d_prime: Estimate | None
    """Of *same* for avatars against *same* for two different people; 0: avatars are as little the person as strangers are."""
    criterion: float | None
    confidence: float | None
    """Mean of 1 guessing … 4 certain."""
    milliseconds: float | None
    """Median time of a same / different response."""
    closest: Rate | None
    """Share of closest-of-N trials with the portrait's avatar by this method in which it was chosen."""


@dataclass(frozen=True)
class Analysis:
    """The whole. All shares are of the participants who were kept."""

    simulated: bool
    study: str
    among: str
    participants: int
    failed_catch_trials: int
    """Participants left out because they failed more than ``max_failed`` of their catch trials."""
    answered_no_catch_trial: int
    """Participants left out because they stopped before any catch trial."""
    kept: int
    portraits: int
    """Portraits that the kept answers are about."""
    knew: int
    """Kept participants who said that they knew somebody shown."""
    max_failed: float
    level: float
    replicates: int
    chance: float
    """Of closest-of-N: 1/N."""
    catch_same: Rate | None
    """Share of *same* for a portrait beside itself."""
    catch_different: Rate | None
    """Share of *same* for two different people: the false alarms of d′."""
    catch_different_before: float | None
    """The same with nobody left out: exclusion looks at these very trials, which flatters what remains."""
    catch_d_prime: Estimate | None
    """The most that d′ can be here: a portrait beside itself against two different people."""
    methods: tuple[MethodResult, ...]


def analyse(
    answers: Sequence[Answer],
    design: Design,
    max_failed: float = MAX_FAILED,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> Analysis:
    """Leave out who fails more than ``max_failed`` (0 … 1) of the catch trials, and reckon the rest.

    Raises StudyError where nobody is left, or simulated and real answers come together.
    """
    if len({answer.simulated for answer in answers}) > 1:
        raise StudyError("Some of these answers are simulated and some are real; they are never analysed together.")
    failed = _failed_shares(answers, design)
    unknown = [person for person, share in failed.items() if share is None]
    careless = [person for person, share in failed.items() if share is not None and share > max_failed]
    kept = [a for a in answers if a.participant_seed not in {*unknown, *careless}]
    if not kept:
        raise StudyError(
            f"None of the {len(failed)} participants passed the catch trials (at most {max_failed:.0%} wrong); there is "
            "nothing to analyse."
        )
    table = _Table(kept, design, replicates, seed)
    same, different = table.counts(Role.CATCH_SAME), table.counts(Role.CATCH_DIFFERENT)
    everybody = [a.response == SAME for a in answers if design.trials[a.trial].role is Role.CATCH_DIFFERENT]
    return Analysis(
        simulated=answers[0].simulated,
        study=design.study,
        among=str(design.among),
        participants=len(failed),
        failed_catch_trials=len(careless),
        answered_no_catch_trial=len(unknown),
        kept=len(failed) - len(careless) - len(unknown),
        portraits=len(table.items),
        knew=len({a.participant_seed for a in kept if a.knew == "yes"}),
        max_failed=max_failed,
        level=LEVEL,
        replicates=replicates,
        chance=1 / design.choices,
        catch_same=table.rate(same),
        catch_different=table.rate(different),
        catch_different_before=fmean(everybody) if everybody else None,
        catch_d_prime=table.d_prime(same, different),
        methods=tuple(_method(method, table, different) for method in design.methods),
    )


def _failed_shares(answers: Sequence[Answer], design: Design) -> dict[str, float | None]:
    """Participant → share of catch trials answered wrongly, None for who saw none."""
    wrong: dict[str, list[bool]] = {}
    for answer in answers:
        mine = wrong.setdefault(answer.participant_seed, [])
        role = design.trials[answer.trial].role
        if role in CATCH:
            mine.append((answer.response == SAME) != (role is Role.CATCH_SAME))
    return {person: fmean(mine) if mine else None for person, mine in wrong.items()}


class _Table:
    """Answers laid out by participant and portrait."""

    def __init__(self, answers: Sequence[Answer], design: Design, replicates: int, seed: int) -> None:
        self._answers, self._design = answers, design
        self._participants = {p: k for k, p in enumerate(sorted({a.participant_seed for a in answers}))}
        self.items = {c: k for k, c in enumerate(sorted({design.case(a.trial) for a in answers}))}
        self._resamples = Resamples(len(self._participants), len(self.items), replicates, LEVEL, seed)

    def of(self, role: Role, method: str | None) -> list[Answer]:
        """The answers to trials of one role and method."""
        trials = self._design.trials
        return [a for a in self._answers if trials[a.trial].role is role and trials[a.trial].method == method]

    def counts(self, role: Role, method: str | None = None) -> Counts:
        """*Same* among the answers of one role and method."""
        return self._counts([(a, a.response == SAME) for a in self.of(role, method)])

    def chosen(self, method: str) -> Counts:
        """Closest-of-N answers where the portrait's own avatar by the method was shown; yes where it was chosen."""
        pictures, rows = self._design.pictures, []
        for answer in self._answers:
            if self._design.trials[answer.trial].role is Role.CLOSEST:
                case = self._design.case(answer.trial)
                own = [f for f in answer.shown if (pictures[f].case, pictures[f].method) == (case, method)]
                rows += [(answer, answer.response == face) for face in own]
        return self._counts(rows)

    def rate(self, counts: Counts) -> Rate | None:
        return self._resamples.rate(counts) if counts.total[1] else None

    def d_prime(self, signal: Counts, noise: Counts) -> Estimate | None:
        return self._resamples.d_prime(signal, noise) if signal.total[1] and noise.total[1] else None

    def _counts(self, rows: Sequence[tuple[Answer, bool]]) -> Counts:
        cells = [
            (self._participants[answer.participant_seed], self.items[self._design.case(answer.trial)], yes)
            for answer, yes in rows
        ]
        return Counts.of((len(self._participants), len(self.items)), cells)


def _method(method: str, table: _Table, noise: Counts) -> MethodResult:
    answers, same = table.of(Role.AVATAR, method), table.counts(Role.AVATAR, method)
    reckoned = bool(answers) and noise.total[1] > 0
    return MethodResult(
        method,
        table.rate(same),
        table.d_prime(same, noise),
        criterion(*same.total, *noise.total) if reckoned else None,
        fmean(answer.confidence or 0 for answer in answers) if answers else None,
        median(answer.milliseconds for answer in answers) if answers else None,
        table.rate(table.chosen(method)),
    )
