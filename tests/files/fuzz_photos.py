"""Damaged photo files, made by seed, and what d2f does with them, in a process of its own.

A crash of a decoder, a hang or a hunger for memory ends this process, not the test's: it says which
file it is at. Run as a script: `python fuzz_photos.py JPEG-u8 SEED COUNT FOLDER [FIRST]`.
"""

from __future__ import annotations

import sys
import time
import traceback
from pathlib import Path

import numpy as np
from photo_samples import Kind, row_named, sample

__all__ = ["damaged"]

SECONDS = 10.0
BYTES = 2_000_000_000


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """The content cut short, with bits flipped, lengths blown up, parts doubled or swapped."""
    way = rng.integers(0, 6)
    size = len(content)
    if way == 0:
        return content[: rng.integers(1, size)]
    changed = bytearray(content)
    if way == 1:  # flipped bits
        for place in rng.integers(0, size, rng.integers(1, 12)):
            changed[place] ^= 1 << rng.integers(0, 8)
    elif way == 2:  # bytes near the front, where headers are
        for place in rng.integers(0, min(size, 200), rng.integers(1, 6)):
            changed[place] = rng.integers(0, 256)
    elif way == 3:  # a length that is wrong
        place = int(rng.integers(0, max(size - 4, 1)))
        changed[place : place + 4] = bytes(rng.choice([0, 0x7F, 0xFF, 1], 4).astype(np.uint8))
    elif way == 4:  # a part cut out
        start, stop = sorted(rng.integers(0, size, 2))
        del changed[start:stop]
    else:  # a part repeated
        start, stop = sorted(rng.integers(0, size, 2))
        changed[start:start] = changed[start:stop]
    return bytes(changed)


def peak_bytes() -> int:
    """Peak memory of this program; getrusage would begin with that of the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return 1024 * int(line.split()[1])


def main(kind: str, seed: int, count: int, folder: Path, *, first: int = 0) -> int:
    """Read and write so many damaged files, from the first on; 1 if one of them was not borne."""
    from d2f import files
    from d2f.errors import D2FError

    name, _, depth = kind.partition("-")
    whole = sample(Kind(name, depth))
    row = row_named(name)
    rng = np.random.default_rng(seed)
    output = folder / f"out{row.suffixes[0]}"
    sentences = 0
    for number in range(count):
        content = damaged(whole, rng)
        if number < first:
            continue
        (folder / "at").write_bytes(content)
        started = time.monotonic()
        try:
            photo = files.photo_from_bytes(content, name="photo")
            files.write_photo(photo, output, overwrite=True)
            files.read_photo(output)
        except D2FError as error:
            sentences += 1
            if "\n" in str(error):
                print(f"{kind} number {number}: more than a sentence: {error!r}")
                return 1
        except BaseException:
            print(f"{kind} seed {seed} number {number}")
            traceback.print_exc(file=sys.stdout)
            return 1
        left = {path.name for path in folder.iterdir()} - {"at", output.name}
        assert not left, left
        assert time.monotonic() - started < SECONDS, f"{kind} number {number} took too long"
    peak = peak_bytes()
    assert peak < BYTES, f"{kind} took {peak} bytes"
    print(f"{sentences} of {count} refused, at most {peak // 1_000_000} MB")
    return 0


if __name__ == "__main__":
    begin = int(sys.argv[5]) if len(sys.argv) > 5 else 0
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), first=begin))
