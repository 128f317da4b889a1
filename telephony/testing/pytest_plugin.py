"""Fixtures for tests of phone calls. pytest finds them automatically where the package is installed.

    def test_booking(replay):                       # a recorded call, beside the test file
        call = replay()
        assert call.called("book_table")

    def test_my_agent(rehearse):                    # the same caller, with the agent as it is today
        call = rehearse("my_agent:agent")
        assert call.slowest_answer_ms <= 1_200

    def test_answer(caller):                        # a scripted caller, in virtual time
        call = caller.waits_for_agent().says("what are your opening hours").hangs_up().call(agent, ["At nine."])
        assert call.slowest_answer_ms <= 1_200

    async def test_sockets(carrier, caller):        # a scripted caller, over real sockets
        call = await carrier(caller.waits_for_agent().says("hello").hangs_up(), agent, ["Hello!"])

Each call returns a `Timeline` (see `telephony/tape/timeline.py`) for plain asserts. The package's other modules are
imported only when a fixture is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from telephony.testing.fixtures import OverSockets, Rehearses, Replays
    from telephony.testing.script import CallerScript


@pytest.fixture
def replay(request: pytest.FixtureRequest) -> Replays:
    """`replay()` replays the tape beside the test file (or `replay("folder")`) and fails at the first difference."""
    from telephony.testing.fixtures import Replays

    return Replays(Path(request.path).parent)


@pytest.fixture
def rehearse(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Rehearses:
    """`rehearse("module:name")` rehearses the tape beside the test file with that agent, whose module is found in the
    folder in which pytest was started, as the command line finds it."""
    from telephony.testing.fixtures import Rehearses

    monkeypatch.syspath_prepend(request.config.invocation_params.dir)
    return Rehearses(Path(request.path).parent)


@pytest.fixture
def caller() -> CallerScript:
    """An empty script: chain the caller's moves, then `.call(agent, replies)`."""
    from telephony.testing.script import CallerScript

    return CallerScript()


@pytest.fixture
def carrier() -> OverSockets:
    """`await carrier(caller, agent, replies)` runs the caller's script over real sockets."""
    from telephony.testing.fixtures import OverSockets

    return OverSockets()
