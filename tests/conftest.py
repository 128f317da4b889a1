"""Loads the fixtures that the package ships, pytest's own for testing plugins, and for all async tests an event loop
whose time other load on the machine does not affect. No example of a property test has a deadline, for the same
reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from hypothesis import settings

from telephony.testing.steady import SteadyLoop

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

pytest_plugins = ["telephony.testing.pytest_plugin", "pytester"]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """See `telephony/testing/steady.py`."""
    return {"steady": SteadyLoop}
