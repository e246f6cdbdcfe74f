"""Photos through pipes: bytes in, bytes out, words elsewhere."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import d2f
from d2f.files import format_named, photo_from_bytes
from d2f.files.formats import FORMATS, row_named, sniff
from d2f.settings.choices import CHOICES

D2F = Path(sys.executable).with_name("d2f")


def piped(*arguments: object, photo: bytes = b"", **options: object) -> subprocess.CompletedProcess:
    """Run `d2f ARGUMENTS` as a shell would, with a photo on standard input."""
    return subprocess.run([D2F, *map(str, arguments)], input=photo, capture_output=True, **options)


def test_a_photo_goes_through_a_pipe(photo_file, tmp_path):
    """Standard output holds the picture's bytes and nothing else; words go to standard error."""
    d2f.render(photo_file, output=tmp_path / "file.png", f_number=2)
    result = piped("render", "-", "-o", "-", "--aperture", "f/2", photo=photo_file.read_bytes())
    assert result.returncode == 0, result.stderr
    assert result.stdout == (tmp_path / "file.png").read_bytes()
    assert b"standard input  focus" in result.stderr
    silent = piped("render", "-", "-o", "-", "-q", photo=photo_file.read_bytes())
    assert (silent.returncode, silent.stderr) == (0, b"")


@pytest.fixture
def through(d2f_command, monkeypatch):
    """Call `d2f ARGUMENTS` with bytes on standard input; gives those on standard output."""

    def call(*arguments: object, photo: bytes = b"") -> bytes:
        out = io.TextIOWrapper(io.BytesIO())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(photo)))
        monkeypatch.setattr(sys, "stdout", out)
        outcome = d2f_command(*arguments)
        assert outcome.code == 0, outcome.err
        return out.buffer.getvalue()

    return call


@pytest.mark.parametrize("name", CHOICES["format"].metavar.split("|"))
def test_a_pipe_speaks_every_format(name, through, photo_file):
    """`--format` names what goes out; without blur, lossless formats keep every pixel."""
    row = row_named(format_named(name))
    if row.to_write is not None:
        pytest.importorskip(row.to_write[0], reason=f"{row.title} is an extra")
    choices = ("--format", name, "--aperture", "f/inf")
    content = through("render", "-", "-o", "-", *choices, photo=photo_file.read_bytes())
    assert sniff(content) is row
    if name in ("png", "tiff"):
        kept = photo_from_bytes(content).pixels
        np.testing.assert_array_equal(kept, np.asarray(Image.open(photo_file)))


def test_every_format_that_is_written_has_a_word():
    """The words of `--format` are the rows of the table of formats."""
    written = {row.name.lower() for row in FORMATS if row.writes}
    assert set(CHOICES["format"].metavar.split("|")) == written


def test_without_a_format_the_photos_own_goes_out(through, photo_file, tmp_path):
    """A JPEG goes out as JPEG."""
    with Image.open(photo_file) as picture:
        picture.save(tmp_path / "photo.jpg")
    content = through("render", "-", "-o", "-", photo=(tmp_path / "photo.jpg").read_bytes())
    assert content.startswith(b"\xff\xd8\xff")


def test_a_pipe_at_one_end_alone(through, photo_file, tmp_path):
    """From a pipe to a file, from a file to a pipe."""
    out = tmp_path / "out.png"
    through("render", "-", "-o", out, "--sidecar", photo=photo_file.read_bytes())
    assert through("render", photo_file, "-o", "-") == out.read_bytes()
    assert out.with_name("out.d2f.json").is_file()


def test_format_names_files_too(d2f_command, photo_file, tmp_path):
    """`--format jpeg` gives default names their ending, and a folder its pictures."""
    assert d2f_command("render", photo_file, "--format", "jpeg").code == 0
    assert d2f_command("render", photo_file, "-o", tmp_path / "out", "--format", "webp").code == 0
    for path, kind in (
        (tmp_path / "photo.bokeh.jpg", "JPEG"),
        (tmp_path / "out" / "photo.bokeh.webp", "WEBP"),
    ):
        with Image.open(path) as picture:
            assert picture.format == kind
    against = d2f_command("render", photo_file, "-o", tmp_path / "x.png", "--format", "jpeg")
    assert (against.code, against.err.count("\n")) == (2, 1)


def test_the_library_gives_bytes_in_a_format(photo_file):
    """`format=` of the library is `--format`."""
    content = d2f.render(photo_file.read_bytes(), format="webp")
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "WEBP"


@pytest.mark.parametrize(
    ("arguments", "content", "code", "words"),
    [
        (["-", "-o", "-"], b"", 1, "standard input is empty"),
        (["-", "-o", "-"], b"no photo at all", 1, "standard input is no photo"),
        (["-"], b"x", 2, "has no name"),
        (["-", "-o", "folder"], b"x", 2, "is a folder and - has no name"),
        (["-", "photo.png", "-o", "-"], b"x", 2, "give no other beside it"),
        (["-", "-", "-o", "-"], b"x", 2, "give no other beside it"),
        (["photo.png", "photo.png", "-o", "-"], b"", 2, "give no other beside it"),
        ([".", "-o", "-"], b"", 2, "give no other beside it"),
        (["-", "-o", "-", "--json"], b"x", 2, "both write to standard output"),
        (["-", "-o", "-", "--sidecar"], b"x", 2, "lies beside a file"),
        (["-", "-o", "-", "--format", "gif"], b"x", 2, "--format gif"),
        (["none.png", "-o", "-"], b"", 1, "none.png does not exist"),
    ],
)  # fmt: skip
def test_what_cannot_be_piped_is_told(
    arguments, content, code, words, d2f_command, photo_file, monkeypatch
):
    """One sentence on standard error, nothing on standard output, no file."""
    monkeypatch.chdir(photo_file.parent)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    before = sorted(photo_file.parent.iterdir())
    outcome = d2f_command("render", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert words in outcome.err
    assert outcome.err.count("\n") == 1
    assert sorted(photo_file.parent.iterdir()) == before


def test_an_endless_input_is_cut_off(d2f_command, photo_file, monkeypatch):
    """No more is read than a file may hold."""
    from d2f.files import Limits

    content = io.TextIOWrapper(io.BytesIO(bytes(2000)))
    monkeypatch.setattr(sys, "stdin", content)
    small = Limits(file_bytes=1000)
    monkeypatch.setattr(Limits, "from_environment", lambda: small)
    outcome = d2f_command("render", "-", "-o", photo_file.with_name("out.png"))
    assert outcome.code == 1
    assert "more than the limit of 1000 bytes" in outcome.err


@pytest.mark.parametrize(
    ("shell", "code", "words"),
    [
        ("d2f render photo.png -o - > /dev/full", 1, "No space left"),
        ("d2f render photo.png -o - >&-", 2, "direct them elsewhere"),
        ("d2f render - -o out.png <&-", 2, "direct one into it"),
    ],
)
def test_closed_full_and_odd_ends_are_told(shell, code, words, photo_file):
    """A full disc, a closed output or input."""
    environment = {**os.environ, "PATH": f"{D2F.parent}:{os.environ['PATH']}"}
    result = subprocess.run(
        ["sh", "-c", shell], cwd=photo_file.parent, capture_output=True, text=True, env=environment
    )
    assert result.returncode == code, result.stderr
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert not photo_file.with_name("out.png").exists()


def test_a_reader_that_leaves_early_is_told(photo_file):
    """A picture that nobody takes is a failure, told in a sentence."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    result = subprocess.run(
        [D2F, "render", photo_file, "-o", "-"], stdout=write_end, stderr=subprocess.PIPE, text=True
    )
    os.close(write_end)
    assert result.returncode == 1
    assert "Broken pipe" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_terminal_gets_no_picture(photo_file):
    """Bytes of a picture are not for eyes, and nobody types a photo."""
    controller, terminal = os.openpty()
    try:
        out = subprocess.run(
            [D2F, "render", photo_file, "-o", "-"],
            stdout=terminal,
            stderr=subprocess.PIPE,
            text=True,
        )
        into = subprocess.run(
            [D2F, "render", "-", "-o", "-"], stdin=terminal, capture_output=True, text=True
        )
    finally:
        os.close(controller)
        os.close(terminal)
    assert (out.returncode, into.returncode) == (2, 2)
    assert "as in > out.jpg" in out.stderr
    assert "as in < in.jpg" in into.stderr
