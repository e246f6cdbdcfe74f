"""Judging bokeh on pairs of photos: every method on every pair, under one protocol.

In: pairs, methods, a protocol. Out: `PairsReport`: a score for each pair and method, means, and
every two methods compared. The same arguments give the same report.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from d2f import files
from d2f.arrays import FloatImage
from d2f.errors import PhotoError, UsageError
from d2f.evaluate.pairs.compare import Comparison, compared
from d2f.evaluate.pairs.fit import Fit, fitted
from d2f.evaluate.pairs.methods import Identity, Method, Opened, byte_codes, codes_of, sized
from d2f.evaluate.pairs.protocols import Protocol, prepared, scores
from d2f.files import Photo
from d2f.measures.exposure import aligned_exposure, exposure_gain
from d2f.measures.pairs import Pair, scene_of
from d2f.measures.similarity import psnr

__all__ = ["PairScore", "PairsReport", "evaluate_pairs"]

FITTED = " (fitted)"
TARGET = "target"  # what the last picture of a pair is called
Perceptual = Callable[[FloatImage, FloatImage], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairScore:
    """The figures of one method's picture of one pair; `fit` where its choices were fitted."""

    pair: str
    method: str
    figures: dict[str, float]
    fit: Fit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsReport:
    """All scores, under which protocol, and what a reader must know beside them."""

    protocol: str
    scores: list[PairScore]
    notes: list[str] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        """Names of the rows, in the order in which they were asked for."""
        return list(dict.fromkeys(score.method for score in self.scores))

    @property
    def figures(self) -> list[str]:
        """Names of the columns."""
        return list(self.scores[0].figures)

    @property
    def pairs(self) -> list[str]:
        """Names of the pairs."""
        return list(dict.fromkeys(score.pair for score in self.scores))

    def values(self, method: str, figure: str) -> list[float]:
        """A method's figure on every pair."""
        return [score.figures[figure] for score in self.scores if score.method == method]

    def mean(self, method: str, figure: str) -> float:
        """Mean over pairs of a method's figure."""
        return float(np.mean(self.values(method, figure)))

    def comparisons(self) -> list[Comparison]:
        """Every method against every other one, in PSNR and in each further figure."""
        scenes = [scene_of(pair) for pair in self.pairs]
        told = []
        for b, a in combinations(self.methods, 2):
            for figure in self.figures:
                sides = self.values(a, figure), self.values(b, figure)
                if not all(math.isfinite(value) for side in sides for value in side):
                    continue  # a picture equal to its target has no finite PSNR to take a mean of
                difference, low, high, wins = compared(*sides, scenes)
                told.append(
                    Comparison(
                        a=a,
                        b=b,
                        figure=figure,
                        difference=difference,
                        low=low,
                        high=high,
                        wins=wins,
                        count=len(scenes),
                    )
                )
        return told


def evaluate_pairs(
    pairs: Sequence[Pair],
    methods: Sequence[Method],
    protocol: Protocol,
    *,
    fit: bool = False,
    align_exposure: bool = False,
    long_side_px: int | None = None,
    perceptual: Perceptual | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
    on_output: Callable[[str, str, FloatImage], None] = lambda *_: None,
) -> PairsReport:
    """Judge methods on pairs; the photo itself is always the first row.

    Parameters
    ----------
    fit : bool
        Whether each method with choices gets a second row, with its plane of focus and f-number
        fitted to each target by PSNR.
    align_exposure : bool
        Whether targets are brought to their photo's exposure first; no protocol does.
    long_side_px : int, optional
        Larger photos, targets and outputs are reduced to this first.
    perceptual : callable, optional
        A further figure, `lpips`, of two pictures (H, W, 3), 0..1.
    on_progress : callable
        Told of each pair and method before it starts.
    on_output : callable
        Given each pair's name, what a picture is, and its codes; the target comes last.

    Raises
    ------
    PhotoError
        Names the photo that cannot be read, or has another size than its pair.
    UsageError
        If there are no pairs, or two methods of one name.
    """
    rows: list[Method] = [Identity(), *methods]
    names = [row.name for row in rows]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice or not pairs:
        raise UsageError(
            f"there are two methods of the name {twice!r}: leave one out, or rename its folder."
            if twice
            else "there are no pairs to judge: give some."
        )
    told: list[PairScore] = []
    for number, pair in enumerate(pairs, start=1):
        photo, target = read_pair(pair, long_side_px, align_exposure=align_exposure)
        for row in rows:
            on_progress(f"{number}/{len(pairs)} {pair.name}: {row.name}")
            opened = row.open(pair, photo)
            for method, codes, choices in drawn(opened, target, row.name, fit=fit):
                figures = judged(codes, target, protocol, perceptual)
                told.append(PairScore(pair=pair.name, method=method, figures=figures, fit=choices))
                on_output(pair.name, method, codes)
        on_output(pair.name, TARGET, target)
    notes = ["exposure of the targets aligned"] if align_exposure else []
    notes += [f"reduced to a long side of {long_side_px} px"] if long_side_px else []
    return PairsReport(protocol=protocol.name, scores=told, notes=notes)


def read_pair(
    pair: Pair, long_side_px: int | None, *, align_exposure: bool
) -> tuple[Photo, FloatImage]:
    """The all-in-focus photo, and the target's codes as fractions of white.

    Raises
    ------
    PhotoError
        If one cannot be read, or their sizes differ.
    """
    photo, target = files.read_photo(pair.all_in_focus), files.read_photo(pair.bokeh)
    if photo.size != target.size:
        raise PhotoError(
            f"{pair.bokeh} has {target.size[1]} x {target.size[0]} px, {pair.all_in_focus} "
            f"{photo.size[1]} x {photo.size[0]}: a pair needs one size, resize or leave it out."
        )
    photo, target = sized(photo, long_side_px), sized(target, long_side_px)
    if align_exposure:
        target_codes = byte_codes(target.pixels)
        gain = exposure_gain(byte_codes(photo.pixels), target_codes)
        return photo, aligned_exposure(target_codes, gain)
    return photo, codes_of(target.pixels)


def drawn(
    opened: Opened, target: FloatImage, method: str, *, fit: bool
) -> Iterator[tuple[str, FloatImage, Fit | None]]:
    """A method's own picture and, on request and where it has choices, the fitted one."""
    yield method, opened.draw(), None
    if fit and opened.focus_count:
        codes, choices = fitted(opened, lambda tried: psnr(tried, target))
        yield method + FITTED, codes, choices


def judged(
    codes: FloatImage, target: FloatImage, protocol: Protocol, perceptual: Perceptual | None
) -> dict[str, float]:
    """The figures of one picture."""
    figures = scores(codes, target, protocol)
    if perceptual is not None:
        figures["lpips"] = perceptual(prepared(codes, protocol), prepared(target, protocol))
    return figures
