"""Training a swap, checked in a process of its own: after a thousand other tests in one, PyTorch was seen to crash there."""

import subprocess
import sys
from pathlib import Path


def test_training_and_going_on() -> None:
    checks = Path(__file__).with_name("swap_training_checks.py")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(checks)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert done.stdout.count(".") >= 19 and "s" not in done.stdout.split("[")[0]  # all of them ran
