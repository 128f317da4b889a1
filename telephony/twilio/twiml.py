"""TwiML documents, as text. Pure builders over `twilio.twiml.voice_response`.

Every document ends the call by itself if nothing else does: `<Hangup/>` comes last and there is never a `<Pause>`,
because a pause after `<Connect>` is an open, silent, paid line once the agent has left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from twilio.twiml.voice_response import VoiceResponse  # type: ignore[import-untyped]

#: name + value of one `<Parameter>` together must stay below this.
PARAMETER_LIMIT = 500

# `<Say>` knows locales, agents know ISO 639-1. A language that is not here is left to Twilio's default.
_LOCALES: Mapping[str, str] = {
    "ar": "arb",
    "da": "da-DK",
    "de": "de-DE",
    "en": "en-US",
    "es": "es-ES",
    "fi": "fi-FI",
    "fr": "fr-FR",
    "hi": "hi-IN",
    "it": "it-IT",
    "ja": "ja-JP",
    "ko": "ko-KR",
    "nb": "nb-NO",
    "nl": "nl-NL",
    "no": "nb-NO",
    "pl": "pl-PL",
    "pt": "pt-BR",
    "ro": "ro-RO",
    "ru": "ru-RU",
    "sv": "sv-SE",
    "tr": "tr-TR",
    "zh": "cmn-CN",
}
# Everything that XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def connect_stream(stream_url: str, action_url: str, parameters: Mapping[str, str]) -> str:
    """Connects the call to the media socket. When the stream ends Twilio asks `action_url` what comes next.

    `stream_url` is absolute, `wss` (or `ws` for the local carrier), without query or fragment: Twilio drops a query
    or fails the handshake (31920). Raises ValueError for a URL or a parameter that Twilio would not take.
    """
    response = VoiceResponse()
    _connect(response, stream_url, action_url, parameters)
    response.hangup()
    return str(response)


def reconnect(say: str, language: str, stream_url: str, action_url: str, parameters: Mapping[str, str]) -> str:
    """As `connect_stream`, after an apology in Twilio's voice: the stream broke and we try again."""
    response = VoiceResponse()
    _say(response, say, language)
    _connect(response, stream_url, action_url, parameters)
    response.hangup()
    return str(response)


def say_and_hang_up(text: str, language: str = "en") -> str:
    """Twilio's own voice says `text`, then the call ends. `language` is ISO 639-1 or a locale of Twilio's."""
    response = VoiceResponse()
    _say(response, text, language)
    response.hangup()
    return str(response)


def hang_up() -> str:
    """Ends the call."""
    response = VoiceResponse()
    response.hangup()
    return str(response)


def dial(number: str, caller_id: str = "", say: str = "", language: str = "en") -> str:
    """Connects the caller to `number` (E.164 or `sip:...`) after saying `say`, then ends the call.

    `caller_id` is shown to whoever is dialled; "" leaves it to Twilio. Raises ValueError if `number` is neither.
    """
    response = VoiceResponse()
    _say(response, say, language)
    target = response.dial(caller_id=caller_id or None)
    if re.fullmatch(r"\+[1-9]\d{4,14}", number):
        target.number(number)
    elif re.fullmatch(r"sips?:[^\s<>]+", number):
        target.sip(number)
    else:
        raise ValueError("a number to dial must be E.164 (+15551230000) or a sip: address")
    response.hangup()
    return str(response)


def busy(text: str = "", language: str = "en") -> str:
    """All lines are taken: says so in words; without words the caller gets the busy signal, unanswered and unpaid."""
    if text:
        return say_and_hang_up(text, language)
    response = VoiceResponse()
    response.reject(reason="busy")
    return str(response)


def reject() -> str:
    """The call is not taken."""
    response = VoiceResponse()
    response.reject()
    return str(response)


def _connect(response: VoiceResponse, stream_url: str, action_url: str, parameters: Mapping[str, str]) -> None:
    url = urlsplit(stream_url)
    if url.scheme not in ("wss", "ws") or not url.netloc:
        raise ValueError("a stream URL must be absolute and begin with wss:// (ws:// for the local carrier)")
    if "?" in stream_url or "#" in stream_url:
        raise ValueError("a stream URL must not have a query or a fragment; use parameters")
    # No `track`: `<Connect>` takes the inbound one only, anything else is error 31941.
    stream = response.connect(action=action_url, method="POST").stream(url=stream_url)
    for name, value in parameters.items():
        if len(name) + len(value) >= PARAMETER_LIMIT:
            raise ValueError(
                f"parameter {name[:40]!r} is too long: name and value must be under {PARAMETER_LIMIT} characters"
            )
        if not name or _NOT_XML.search(name + value):
            raise ValueError(f"parameter {name[:40]!r} has no name or holds characters that XML cannot hold")
        stream.parameter(name=name, value=value)


def _say(response: VoiceResponse, text: str, language: str) -> None:
    text = _NOT_XML.sub(" ", text).strip()
    if text:
        response.say(text, language=language if "-" in language else _LOCALES.get(language.lower()))
