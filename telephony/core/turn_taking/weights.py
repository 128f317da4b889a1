"""The weights of `judgement.py`."""

from __future__ import annotations

from collections.abc import Mapping

DONE = 0
WAITS = ((-20, 1_000), (20, 0))
WEIGHTS: Mapping[str, int] = {}
