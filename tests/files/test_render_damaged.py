"""Damaged files of every kind through the whole render: a sentence or a picture, never a trace."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from fuzz_photos import damaged
from photo_samples import KINDS, Kind, gradient, jpeg_of, row_named, sample

import d2f
from d2f.errors import D2FError, PhotoError, UsageError
from d2f.files import photo_from_bytes, photo_to_bytes
from d2f.files.embed_depth import embed_depth

SEED = 22
SHORT, LONG = 2, 12  # damaged files of each kind: some 60, or 350 in the long run


def installed() -> list[Kind]:
    """The kinds that can be read and written here."""
    rows = ((kind, row_named(kind.format)) for kind in KINDS)
    return [
        kind
        for kind, row in rows
        if all(part is None or find_spec(part[0]) for part in (row.to_read, row.to_write))
    ]


def wholes() -> list[bytes]:
    """Sound files of every kind, and JPEGs that hold depth and their own original."""
    disparity = np.tile(np.linspace(0.1, 1, 64, dtype=np.float32), (48, 1))
    plain = jpeg_of(gradient("u8"))
    blurred = d2f.render(plain, f_number=1.4)
    phones = [
        embed_depth(blurred, disparity, container=container, metric=True, original=plain)
        for container in ("gdepth", "dynamic")
    ]
    return [*map(sample, installed()), *phones]


def render_damaged(count: int) -> tuple[int, int]:
    """Render so many damaged files of each kind; how many there were, how many were refused."""
    rng = np.random.default_rng(SEED)
    files = [damaged(whole, rng) for whole in wholes() for _ in range(count)]
    refusals = []
    for content in files:
        try:
            photo_from_bytes(d2f.render(content, f_number=1.4))
        except D2FError as error:
            refusals.append(str(error))
    assert not [words for words in refusals if "\n" in words or not words.endswith(".")]
    return len(files), len(refusals)


def test_damaged_files_are_rendered_or_refused():
    """Some of each: damage that is noticed, and damage that is borne."""
    every, refused = render_damaged(SHORT)
    assert 0 < refused < every


@pytest.mark.slow
def test_many_damaged_files_are_rendered_or_refused():
    """The same, six times as many."""
    every, refused = render_damaged(LONG)
    assert 0 < refused < every


@pytest.mark.parametrize("light", [1e12, -3e30])
def test_light_that_no_arithmetic_bears_is_refused(light):
    """A flipped bit of an exponent: found in a damaged EXR, where squares overflowed."""
    picture = np.full((48, 64, 3), 0.5, np.float32)
    picture[10, 10] = light
    with pytest.raises(UsageError, match="beyond the limit of 1e\\+09"):
        d2f.render(picture)
    picture[10, 10] = 1.0
    file = photo_to_bytes(photo_from_bytes(sample(Kind("PFM", "f32"))), "PFM")
    damaged_file = bytearray(file)
    damaged_file[-4:] = np.float32(light).astype("<f4").tobytes()
    with pytest.raises(PhotoError, match="beyond the limit"):
        photo_from_bytes(bytes(damaged_file))
