"""Waiting threads must sleep: spinning ones made training five times slower on shared cores."""

import os
import sys

from d2f.errors import UsageError

__all__ = ["wait_passively"]


def wait_passively() -> None:
    """Tell OpenMP to sleep while it waits; must come before torch is imported.

    OpenMP reads these variables once, when torch loads it.
    """
    if "torch" in sys.modules and os.environ.get("OMP_WAIT_POLICY") != "PASSIVE":
        raise UsageError("torch is already imported: call wait_passively() first.")
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ["GOMP_SPINCOUNT"] = "0"
