import io

from rich.console import Console

from doppelganger.cli.bar import STAGES, ProgressBar, spoken
from doppelganger.progress import Event


def quiet() -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, force_terminal=False, width=200), text


def test_the_bar_goes_from_nothing_to_the_end_and_never_back() -> None:
    console, text = quiet()
    shares = []
    with ProgressBar(tuple(STAGES), console) as bar:
        for stage in STAGES:
            for done in range(1, 11):
                bar(Event(stage, done, 10))
                shares.append(bar.share)
    assert shares == sorted(shares) and shares[0] < 0.02 and shares[-1] == 1
    assert text.getvalue().splitlines() == [name for name, _ in STAGES.values()]


def test_what_an_interrupted_run_had_done_is_no_measure_of_pace() -> None:
    """The same pace over the same rest must promise the same end, whether or not half was done before."""
    left = []
    for first in (1, 60):
        console, _ = quiet()
        with ProgressBar(("weights", "projection"), console) as bar:
            bar(Event("weights", 1, 1))
            bar(Event("projection", first, 100))
            share, skipped = bar.share, bar._skipped
            left.append(share - skipped)
    assert abs(left[0] - left[1]) < 1e-9


def test_a_download_is_named_once_and_is_no_part_of_the_stages() -> None:
    console, text = quiet()
    with ProgressBar(("weights",), console, download=100) as bar:
        for done in (10, 50, 100):
            bar(Event("download", done, 100, "a.whl"))
        assert bar.share == 0
        bar(Event("waiting", 0, 1, "another process is fetching weights"))
    assert text.getvalue().splitlines() == ["downloading a.whl", "another process is fetching weights"]


def test_durations_as_people_say_them() -> None:
    assert [spoken(s) for s in (1, 43, 91, 600)] == ["1 s", "45 s", "2 min", "10 min"]
