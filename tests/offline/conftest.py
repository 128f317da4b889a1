"""The local engines, one process of each for all tests of a run (with pytest-xdist: of a worker)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from telephony.offline import stt, tts
from telephony.offline.blocking import BlockingEngine, BlockingSynthesizer
from telephony.offline.tts import CALLER


@pytest.fixture(scope="session")
def stt_engine() -> Iterator[BlockingEngine]:
    pytest.importorskip("moonshine_voice", reason="the local parts are not installed")
    with BlockingEngine(stt.ENGINE) as engine:
        yield engine


@pytest.fixture(scope="session")
def tts_engine() -> Iterator[BlockingEngine]:
    pytest.importorskip("hibari", reason="the local parts are not installed")
    with BlockingEngine(tts.ENGINE) as engine:
        yield engine


@pytest.fixture(scope="session")
def caller(tts_engine: BlockingEngine) -> BlockingSynthesizer:
    return BlockingSynthesizer(tts_engine, CALLER)
