"""Loads the fixtures that the package ships, pytest's own for testing plugins, and for all async tests an event loop
whose time other load on the machine does not affect. No example of a property test has a deadline, for the same
reason."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping

import pytest
from hypothesis import settings

from telephony.testing.steady import SteadyLoop

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

pytest_plugins = ["telephony.testing.pytest_plugin", "pytester"]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """See `telephony/testing/steady.py`."""
    return {"steady": SteadyLoop}


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """What a command takes from a `.env` into the environment ends with its test."""
    before = dict(os.environ)
    yield
    if dict(os.environ) != before:
        os.environ.clear()
        os.environ.update(before)
