"""Opens the sockets of the speech services: the language they are told, and what happens if they refuse it.

Theory of operation. The codecs map a language to a code that the service takes, or to nothing: then the service detects
the language (or the voice follows the text), which is said once. Lists of languages change, and a service may refuse a
code all the same: by an HTTP status, an error frame or a close. It is asked again without one, and from then on no
session of this process names that language.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from telephony.clock import Clock
from telephony.contracts.stt import SttSpec
from telephony.contracts.tts import VoiceSpec
from telephony.elevenlabs import stt_codec, tts_codec
from telephony.elevenlabs.connection import SessionEnded, open_socket

log = structlog.get_logger()

REFUSED = "language_refused"
"""The code of a session that ended so; the next one does not name the language."""
VAGUE_SLUGS = frozenset({"invalid_request", "invalid_parameters"})
"""These may be about the language, the one parameter that the agent chooses freely. English is known everywhere."""


STT_MESSAGE_BYTES = 2**20
"""Twenty times the longest transcript (a segment is closed after 90 s)."""


class Languages:
    """One per process. `refused`: (service, code) of each language that a service did not take."""

    def __init__(self) -> None:
        self.refused: set[tuple[str, str]] = set()
        self._left_out: set[tuple[str, str]] = set()

    @contextmanager
    def stt(self, spec: SttSpec) -> Iterator[SttSpec]:
        """The spec for a session, which runs inside. If the service refuses its language, raises a SessionEnded that is
        retryable."""
        with self._told("stt", spec.language, stt_codec.language_code(spec)) as told:
            yield spec if told else replace(spec, language="")

    @contextmanager
    def tts(self, spec: VoiceSpec) -> Iterator[VoiceSpec]:
        """As `stt`."""
        tag = spec.language if spec.model in tts_codec.LANGUAGE_MODELS else ""
        with self._told("tts", tag, tts_codec.language_code(spec)) as told:
            yield spec if told or not tag else replace(spec, language="")

    @contextmanager
    def _told(self, service: str, tag: str, code: str) -> Iterator[bool]:
        """Whether the service is told `code`, which stands for the agent's `tag` ("": for nothing that it takes)."""
        if tag and not code and (service, tag) not in self._left_out:
            self._left_out.add((service, tag))
            log.warning("language_left_out", service=service, language=tag, why="the service does not take it")
        told = bool(code) and (service, code) not in self.refused
        try:
            yield told
        except Exception as error:
            if not told or not _about_language(error, code):
                raise
            self.refused.add((service, code))
            log.warning(REFUSED, service=service, language=code)
            raise SessionEnded(REFUSED, True) from error


@asynccontextmanager
async def open_stt(
    base_url: str, api_key: str, spec: SttSpec, clock: Clock, languages: Languages
) -> AsyncIterator[ClientConnection]:
    """A socket for one session, which runs inside. Raises as `open_socket` and `Languages`."""
    with languages.stt(spec) as told:
        url = stt_codec.socket_url(base_url, told)
        async with open_socket(url, api_key, clock, max_bytes=STT_MESSAGE_BYTES) as socket:
            yield socket


@asynccontextmanager
async def open_tts(
    base_url: str, api_key: str, spec: VoiceSpec, clock: Clock, languages: Languages
) -> AsyncIterator[ClientConnection]:
    """As `open_stt`. Without a voice it raises a SessionEnded that is final."""
    if not spec.voice_id:
        raise SessionEnded("voice_missing", False)
    with languages.tts(spec) as told:
        url = tts_codec.socket_url(base_url, told)
        async with open_socket(url, api_key, clock, max_bytes=tts_codec.MAX_MESSAGE_BYTES) as socket:
            yield socket


def _about_language(error: BaseException, code: str) -> bool:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    match error:
        case InvalidStatus():
            said = (error.response.body or b"").lower()
            return error.response.status_code in (400, 422) and (code != "en" or b"language" in said)
        case SessionEnded():
            return "language" in error.code or (error.code in VAGUE_SLUGS and code != "en")
        case ConnectionClosed():
            return error.rcvd is not None and error.rcvd.code == 1008 and "language" in error.rcvd.reason.lower()
    return False
