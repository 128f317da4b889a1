"""Loads the fixtures that the package ships, pytest's own for testing plugins, and for all async tests an event loop
whose time other load on the machine does not affect."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from telephony.testing.steady import SteadyLoop

pytest_plugins = ["telephony.testing.pytest_plugin", "pytester"]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """See `telephony/testing/steady.py`."""
    return {"steady": SteadyLoop}
