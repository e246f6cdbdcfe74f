"""Lets the tests of this folder share the module that makes photo files."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
