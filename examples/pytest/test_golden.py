"""Goldens from pytest: the first run leaves one that waits, `chic-trace golden accept` accepts it."""

import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def assert_golden(name, *command, level="outcome"):
    """Fails with the report unless the command does what its golden says."""
    check = ["chic-trace", "golden", "check", name, "--dir", HERE / "goldens", "--fixture", HERE / "fixture"]
    run = subprocess.run([*check, "--level", level, "--", *command], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_upper_is_unchanged():
    assert_golden("upper", sys.executable, "-I", HERE / "upper.py")
