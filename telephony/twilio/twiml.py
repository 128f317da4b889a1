"""Builds TwiML documents as text, using `twilio.twiml.voice_response`. Pure.

Every document ends the call if nothing else does: `<Hangup/>` comes last. There is never a `<Pause>`, because a pause
after `<Connect>` would keep the line open, silent and billed after the agent has left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from twilio.twiml.voice_response import VoiceResponse  # type: ignore[import-untyped]

from telephony.core.language.codes import primary

#: Name and value of a `<Parameter>` together must be shorter than this.
PARAMETER_LIMIT = 500

# `<Say>` takes locales, agents have languages. For any other language Twilio's default is used.
_LOCALES: Mapping[str, str] = {
    "ar": "arb",
    "da": "da-DK",
    "de": "de-DE",
    "en": "en-US",
    "es": "es-ES",
    "fi": "fi-FI",
    "fr": "fr-FR",
    "he": "he-IL",
    "hi": "hi-IN",
    "it": "it-IT",
    "ja": "ja-JP",
    "ko": "ko-KR",
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
_LOCALE = re.compile(r"([A-Za-z]{2,3})[-_]([A-Za-z]{2})")
# Characters that XML 1.0 cannot represent, even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def representable(text: str) -> str:
    """`text` without the characters that XML cannot represent."""
    return _NOT_XML.sub("", text)


def connect_stream(
    stream_url: str, action_url: str, parameters: Mapping[str, str], say: str = "", language: str = "en"
) -> str:
    """Connects the call to the media socket. When the stream ends, Twilio requests the next TwiML from `action_url`.

    Twilio's own voice says `say` first. `stream_url` is absolute, `wss` (or `ws` for the local carrier), without query
    or fragment: Twilio drops a query or fails the handshake (31920). Raises ValueError for a URL or parameter that
    Twilio would not accept.
    """
    response = VoiceResponse()
    say_in(response, say, language)
    connect_in(response, stream_url, action_url, parameters)
    response.hangup()
    return str(response)


def hang_up(say: str = "", language: str = "en") -> str:
    """Ends the call, after Twilio's own voice has said `say`. `language` is ISO 639-1, with or without a region."""
    response = VoiceResponse()
    say_in(response, say, language)
    response.hangup()
    return str(response)


def dial(number: str, say: str = "", language: str = "en") -> str:
    """Connects the caller to `number` (E.164 or `sip:...`) after saying `say`, then ends the call. Raises ValueError if
    `number` is neither."""
    response = VoiceResponse()
    say_in(response, say, language)
    target = response.dial()
    if re.fullmatch(r"\+[1-9]\d{4,14}", number):
        target.number(number)
    elif re.fullmatch(r"sips?:[^\s<>]+", number):
        target.sip(number)
    else:
        raise ValueError("a number to dial must be E.164 (+15551230000) or a sip: address")
    response.hangup()
    return str(response)


def reject(reason: str | None = None) -> str:
    """Rejects the call without answering or billing it; with the reason "busy", the caller hears a busy signal."""
    response = VoiceResponse()
    response.reject(reason=reason)
    return str(response)


def connect_in(response: VoiceResponse, stream_url: str, action_url: str, parameters: Mapping[str, str]) -> None:
    """Adds the `<Connect><Stream>` of `connect_stream`."""
    url = urlsplit(stream_url)
    if url.scheme not in ("wss", "ws") or not url.netloc:
        raise ValueError("a stream URL must be absolute and begin with wss:// (ws:// for the local carrier)")
    if "?" in stream_url or "#" in stream_url:
        raise ValueError("a stream URL must not have a query or a fragment; use parameters")
    # No `track`: `<Connect>` supports the inbound track only, anything else is error 31941.
    stream = response.connect(action=action_url, method="POST").stream(url=stream_url)
    for name, value in parameters.items():
        if len(name) + len(value) >= PARAMETER_LIMIT:
            raise ValueError(
                f"parameter {name[:40]!r} is too long: name and value must be under {PARAMETER_LIMIT} characters"
            )
        if not name or _NOT_XML.search(name + value):
            raise ValueError(f"parameter {name[:40]!r} has no name or contains characters that XML cannot represent")
        stream.parameter(name=name, value=value)


def say_in(response: VoiceResponse, text: str, language: str) -> None:
    """Lets Twilio's own voice say `text`, if there is any, in the document or verb."""
    text = _NOT_XML.sub(" ", text).strip()
    if text:
        response.say(text, language=_locale(language))


def _locale(language: str) -> str | None:
    """The locale for `<Say>`: with the region that is given, if the language is written as locales are."""
    given, code = _LOCALE.fullmatch(language), primary(language)
    if given and code == given[1].lower():
        return f"{code}-{given[2].upper()}"
    return _LOCALES.get(code)
