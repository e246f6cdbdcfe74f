"""The program itself: help, misuse, exit codes, signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

D2F = Path(sys.executable).with_name("d2f")
DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope"], "no such command 'nope'"),
        (["render"], "missing argument 'PHOTO'"),
        (["render", "--sharp"], "no such option: --sharp"),
        (["render", "x.png", "--aperture"], "'--aperture' requires an argument"),
        (["render", "x.png", "--blades", "many"], "--blades many"),
        (["inspect"], "missing argument"),
        (["evaluate", "depth"], "--root"),
        (["train", "compact", "--photos", ".", "--minutes", "long"], "--minutes"),
    ],
)
def test_misuse_is_told_in_one_sentence(arguments, words, d2f_command):
    """Exit code 2, one line on standard error, which names what was wrong."""
    outcome = d2f_command(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert words in outcome.err
    assert outcome.err.startswith("d2f: ")
    assert outcome.err.count("\n") == 1


def test_without_arguments_the_help_is_shown(d2f_command):
    """Bare `d2f` tells its commands; it did nothing, so it is no success."""
    outcome = d2f_command()
    assert outcome.code == 2
    assert "render" in outcome.err


def test_every_command_has_a_help_text(d2f_command):
    """`--help` and `-h` tell each command's use on standard output."""
    commands = re.findall(r"^  ([a-z]+)  ", d2f_command("--help").out, re.MULTILINE)
    assert {"render", "inspect", "depth", "train", "evaluate"} <= set(commands)
    for command in commands:
        outcome = d2f_command(command, "-h")
        assert outcome.code == 0
        assert f"d2f {command}" in outcome.out


def test_the_version_is_told(d2f_command):
    """`d2f --version` prints one line."""
    outcome = d2f_command("--version")
    assert re.fullmatch(r"d2f \d+\.\d+\.\d+\S*\n", outcome.out)


@pytest.mark.parametrize("option", ["--help", "--version", "render --help"])
def test_words_that_find_no_room_are_told(option):
    """A full disc behind standard output is named, not the program."""
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [D2F, *option.split()], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert result.returncode == 1
    assert result.stderr == (
        "d2f: standard output cannot be written (No space left on device): direct it elsewhere.\n"
    )


def test_a_full_disc_behind_the_words_stops_no_batch(photo_file):
    """Every photo is rendered, the one that fails told, the exit code 1."""
    folder = photo_file.parent
    (folder / "a.jpg").write_text("no photo")
    photo_file.rename(folder / "b.png")
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [D2F, "render", ".", "-o", "out", "--json"],
            cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert result.returncode == 1
    assert [path.name for path in (folder / "out").iterdir()] == ["b.bokeh.png"]
    assert result.stderr.count("No space left") == 1
    assert "a.jpg is no photo" in result.stderr
    assert "1 of 2 done, 1 failed" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_program_without_a_trace(number, photo_file, tmp_path):
    """128 + N, no traceback, nothing half written, also in the middle of writing."""
    program = (
        "import os, signal, sys\n"
        # Started in the background, a shell has it ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"os.fsync = lambda handle: os.kill(os.getpid(), {int(number)})\n"
        "sys.argv = ['d2f', 'render', *sys.argv[1:]]\n"
        "from d2f.cli.app import main\n"
        "main()\n"
    )
    out = tmp_path / "out" / "o.png"
    command = [sys.executable, "-c", program, photo_file, "-o", out, "--sidecar"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 128 + number
    assert "Traceback" not in result.stderr
    assert not list(out.parent.iterdir())


@pytest.mark.parametrize(
    ("words", "expected"),
    [("d2f ren", "render"), ("d2f render --ape", "--aperture"), ("d2f render --sid", "--sidecar")],
)
def test_the_shell_completes_commands_and_options(words, expected):
    """Settings are completed like every other option."""
    environment = {
        **os.environ, "_D2F_COMPLETE": "complete_bash", "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }  # fmt: skip
    result = subprocess.run([D2F], capture_output=True, text=True, env=environment)
    assert expected in result.stdout.split()
    assert result.stderr == ""


def test_exit_codes_are_those_of_the_page(d2f_command, photo_file, monkeypatch):
    """docs/command-line.md lists each exit code, and each is what the program gives."""
    monkeypatch.setitem(sys.modules, "OpenImageIO", None)
    page = (DOCS / "command-line.md").read_text()
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    given = {
        d2f_command("render", photo_file).code,
        d2f_command("render", "none.jpg").code,
        d2f_command("render", photo_file, "--squeeze", "9").code,
        d2f_command("render", photo_file, "-o", "x.png", "--save-mask", "mask.exr").code,
    }
    assert given == {0, 1, 2, 3}
    assert listed == given | {128 + number for number in (signal.SIGINT, signal.SIGTERM)}
