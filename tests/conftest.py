"""The package's own fixtures, as its users have them; pytest's for testing plugins; and a loop for all async tests
whose time a busy machine does not disturb."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from telephony.testing.steady import SteadyLoop

pytest_plugins = ["telephony.testing.pytest_plugin", "pytester"]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """See `telephony/testing/steady.py`."""
    return {"steady": SteadyLoop}
