"""Opens the sockets of the speech services, and knows what they refused: a language, a voice.

Theory of operation. The codecs map a language to a code that the service takes, or to nothing: then the service detects
the language (or the voice follows the text), which is said once. Lists of languages change, and a service may refuse a
code all the same: by an HTTP status, an error frame or a close. It is asked again without one, and from then on no
session of this process names that language. A refused voice is final, and told once in words.
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
VOICE_STATUSES = {402: "paid_plan_required", 404: "voice_not_found"}
"""What an HTTP status at the voice's address means. Usually the handshake succeeds, and a frame with a slug follows."""
_ANOTHER = "set ELEVENLABS_VOICE_ID, or the agent's Voice(id=...), to another"
VOICE_REMEDIES = {
    "paid_plan_required": f"the account's plan does not include this voice: {_ANOTHER}, or upgrade the plan",
    "voice_not_found": f"the account has no such voice: {_ANOTHER}",
    "voice_id_does_not_exist": f"the account has no such voice: {_ANOTHER}",
}
STT_MESSAGE_BYTES = 2**20
"""Twenty times the longest transcript (a segment is closed after 90 s)."""


class Refusals:
    """What was refused in this process. `languages`: (service, code) of each language that a service did not take."""

    def __init__(self) -> None:
        self.languages: set[tuple[str, str]] = set()
        self._told: set[tuple[str, str]] = set()  # what was logged: (service, tag) and (code, voice)

    @contextmanager
    def stt(self, spec: SttSpec) -> Iterator[SttSpec]:
        """The spec for a session, which runs inside. If the service refuses its language, raises a SessionEnded that is
        retryable."""
        with self._asked("stt", spec.language, stt_codec.language_code(spec)) as told:
            yield spec if told else replace(spec, language="")

    @contextmanager
    def tts(self, spec: VoiceSpec) -> Iterator[VoiceSpec]:
        """As `stt`. A voice that is refused is told in the log."""
        tag = spec.language if spec.model in tts_codec.LANGUAGE_MODELS else ""
        try:
            with self._asked("tts", tag, tts_codec.language_code(spec)) as told:
                yield spec if told or not tag else replace(spec, language="")
        except Exception as error:
            cause = _cause(error)
            if isinstance(cause, InvalidStatus) and (code := VOICE_STATUSES.get(cause.response.status_code)):
                cause = SessionEnded(code, False)
            if not isinstance(cause, SessionEnded) or cause.fault.slug not in VOICE_REMEDIES:
                raise
            self.voice(spec.voice_id, cause.fault.slug)
            raise cause from error

    def voice(self, voice_id: str, code: str) -> None:
        """Tells in the log, once, that a voice is refused. `code` is one of `VOICE_REMEDIES`."""
        if (code, voice_id) not in self._told:
            self._told.add((code, voice_id))
            log.error("voice_refused", voice_id=voice_id, code=code, remedy=VOICE_REMEDIES[code])

    @contextmanager
    def _asked(self, service: str, tag: str, code: str) -> Iterator[bool]:
        """Whether the service is told `code`, which stands for the agent's `tag` ("": for nothing that it takes)."""
        if tag and not code and (service, tag) not in self._told:
            self._told.add((service, tag))
            log.warning("language_left_out", service=service, language=tag, why="the service does not take it")
        told = bool(code) and (service, code) not in self.languages
        try:
            yield told
        except Exception as error:
            if not told or not _about_language(error, code):
                raise
            self.languages.add((service, code))
            log.warning(REFUSED, service=service, language=code)
            raise SessionEnded(REFUSED, True) from error


@asynccontextmanager
async def open_stt(
    base_url: str, api_key: str, spec: SttSpec, clock: Clock, refusals: Refusals
) -> AsyncIterator[ClientConnection]:
    """A socket for one session, which runs inside. Raises as `open_socket` and `Refusals`."""
    with refusals.stt(spec) as told:
        url = stt_codec.socket_url(base_url, told)
        async with open_socket(url, api_key, clock, max_bytes=STT_MESSAGE_BYTES) as socket:
            yield socket


@asynccontextmanager
async def open_tts(
    base_url: str, api_key: str, spec: VoiceSpec, clock: Clock, refusals: Refusals
) -> AsyncIterator[ClientConnection]:
    """As `open_stt`. Without a voice it raises a SessionEnded that is final."""
    if not spec.voice_id:
        raise SessionEnded("voice_missing", False)
    with refusals.tts(spec) as told:
        url = tts_codec.socket_url(base_url, told)
        async with open_socket(url, api_key, clock, max_bytes=tts_codec.MAX_MESSAGE_BYTES) as socket:
            yield socket


def _cause(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _about_language(error: BaseException, code: str) -> bool:
    match error := _cause(error):
        case InvalidStatus():
            said = (error.response.body or b"").lower()
            return error.response.status_code in (400, 422) and (code != "en" or b"language" in said)
        case SessionEnded():
            slug, words = error.fault.slug, error.fault.said.lower()
            return "language" in slug or (slug in VAGUE_SLUGS and (code != "en" or "language" in words))
        case ConnectionClosed():
            return error.rcvd is not None and error.rcvd.code == 1008 and "language" in error.rcvd.reason.lower()
    return False
