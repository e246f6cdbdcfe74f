"""How far an array may lie from the published one: the tolerances, and a row per comparison.

The tolerances are about ten times the worst that one to two threads, two convolution back ends and
float64 were seen to differ by. Layer masks are steep, so that what depends on them is judged by its
largest difference, near edges of layers, and by its mean one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["KERNEL", "LAYERED", "PICTURE", "Row", "Tolerance", "compared"]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is allowed.

    largest : float
        Largest difference, plus `relative` times the expected value or `peak` times the largest.
    rms : float, optional
        Root of the mean squared difference.
    share : float, optional
        Of values that may differ at all.
    """

    largest: float
    rms: float | None = None
    relative: float = 0.0
    peak: float = 0.0
    share: float | None = None


KERNEL = Tolerance(1e-8, relative=1e-6)
_FEATURE = Tolerance(0.0, peak=2e-5)
PICTURE = {
    "net_input": Tolerance(1e-6),
    **{f"feat_layer{k}": _FEATURE for k in (1, 2, 3, 4)},
    **{f"feat_path{k}": _FEATURE for k in (4, 3, 2, 1)},
    "defocus": Tolerance(3e-5, 1e-5),
    "radiance_sigmoid": Tolerance(3e-6),
    "radiance_weight": Tolerance(2e-5),
    "layer_mask": Tolerance(1.5e-3, 1e-4),
    "layer_mask_blurred": Tolerance(1.5e-3, 1e-4),
    "alpha_total": Tolerance(3e-5, 5e-6),
    "num_sum": Tolerance(4e-4, 1e-5),
    "den_sum": Tolerance(4e-4, 1e-5),
    "bokeh_low": Tolerance(4e-4, 1e-5),
    "bokeh_up": Tolerance(4e-4, 1e-5),
    "defocus_up": Tolerance(3e-5, 1e-5),
    "mask_threshold": Tolerance(3e-5),
    "initial_mask": Tolerance(1.0, share=5e-4),
    "refined_raw": Tolerance(1e-4, 1e-5),
    "output": Tolerance(2e-4, 5e-6),
    "output_u8": Tolerance(1.0, share=1e-3),
}
LAYERED = {
    "radiance_weight": Tolerance(3e-6),
    "alpha_total": Tolerance(1e-4, 3e-5),
    "num_sum": Tolerance(1e-4, 3e-5),
    "den_sum": Tolerance(1e-4, 3e-5),
    "output": Tolerance(1e-3, 2e-5),  # a saturated light's weakest channel weighs 3e-5
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One array: how far it is from the published one, and whether that is within tolerance.

    `largest`, `rms` and `share` (of values that differ) are None where the shapes do not fit, which
    `note` then tells.
    """

    case: str
    array: str
    within: bool
    tolerance: float
    rms_tolerance: float | None = None
    share_tolerance: float | None = None
    largest: float | None = None
    rms: float | None = None
    share: float | None = None
    note: str = ""

    def line(self) -> str:
        """The row for reading."""
        parts = [f"{self.case:<20} {self.array:<19}"]
        if self.largest is None or self.rms is None or self.share is None:
            parts.append(self.note)
        else:
            parts.append(f"largest {self.largest:.1e} of {self.tolerance:.1e}")
            bound = "" if self.rms_tolerance is None else f" of {self.rms_tolerance:.0e}"
            parts.append(f"rms {self.rms:.1e}{bound}")
            if self.share_tolerance is not None:
                parts.append(f"differ {self.share:.3%} of {self.share_tolerance:.2%}")
        return "  ".join([*parts, "ok" if self.within else "BEYOND"])


def compared(
    case: str, array: str, actual: NDArray[Any], expected: NDArray[Any], tolerance: Tolerance
) -> Row:
    """Compare an array with the published one.

    Parameters
    ----------
    case, array : str
        What the row is called.
    actual, expected : arrays of any equal shape
        Integers are compared as numbers. What is not finite is beyond every tolerance.
    tolerance : Tolerance
    """
    if actual.shape != expected.shape:
        note = f"has shape {expected.shape}, the model's is {actual.shape}"
        return Row(case=case, array=array, within=False, tolerance=tolerance.largest, note=note)
    want = expected.astype(np.float64)
    with np.errstate(invalid="ignore"):  # infinities: refused below, whatever they allow
        difference = np.abs(actual.astype(np.float64) - want)
        allowed = (
            tolerance.largest
            + tolerance.relative * np.abs(want)
            + tolerance.peak * np.abs(want).max(initial=0)
        )
    rms = float(np.sqrt(np.mean(difference**2))) if difference.size else 0.0
    share = float(np.mean(difference != 0)) if difference.size else 0.0
    within = (
        bool(np.isfinite(difference).all() and (difference <= allowed).all())
        and (tolerance.rms is None or rms <= tolerance.rms)
        and (tolerance.share is None or share <= tolerance.share)
    )
    return Row(
        case=case,
        array=array,
        within=within,
        tolerance=float(np.max(allowed, initial=0)),
        rms_tolerance=tolerance.rms,
        share_tolerance=tolerance.share,
        largest=float(difference.max(initial=0)),
        rms=rms,
        share=share,
    )
