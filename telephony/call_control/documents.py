"""The TwiML of transfers and of keys, as text. Addresses are absolute. Every document ends the call if nothing else
does, except `bridge`, whose end is what joins a called phone with the caller."""

from __future__ import annotations

from collections.abc import Mapping

from twilio.twiml.voice_response import VoiceResponse  # type: ignore[import-untyped]

from telephony.twilio.twiml import connect_in, say_in

ROOM_EVENTS = "start end join leave"
KEY_S = 8
"""How long a person has for a key, each time they are asked."""


def dial(number: str, *, back_url: str, ring_s: int, talk_s: int, caller_id: str = "", whisper_url: str = "") -> str:
    """Puts the caller through to `number`; afterwards, whatever came of it, `back_url` says how the call goes on. The
    phone that is called runs `whisper_url` before it is joined."""
    response = VoiceResponse()
    options = {"caller_id": caller_id} if caller_id else {}
    target = response.dial(
        action=back_url, method="POST", timeout=ring_s, time_limit=talk_s, answer_on_bridge=True, **options
    )
    asked = {"url": whisper_url, "method": "POST"} if whisper_url else {}
    (target.sip if number.startswith("sip") else target.number)(number, **asked)
    response.hangup()
    return str(response)


def whisper(text: str, accept_url: str, language: str) -> str:
    """Asks for a key, twice; without one, hangs up."""
    response = VoiceResponse()
    for _ in range(2):
        say_in(response.gather(num_digits=1, action=accept_url, method="POST", timeout=KEY_S), text, language)
    response.hangup()
    return str(response)


def bridge() -> str:
    """The end of a whisper that is accepted."""
    return str(VoiceResponse())


def room(name: str, *, back_url: str, talk_s: int, events_url: str = "", say: str = "", language: str = "en") -> str:
    """Into the room; the first to leave ends it for both. `events_url` is told who comes and goes: only that of the
    first one in the room counts."""
    response = VoiceResponse()
    say_in(response, say, language)
    target = response.dial(action=back_url, method="POST", time_limit=talk_s)
    told = {"status_callback": events_url, "status_callback_event": ROOM_EVENTS, "status_callback_method": "POST"}
    target.conference(
        name, start_conference_on_enter=True, end_conference_on_exit=True, beep="false", wait_url="",
        max_participants=2, **(told if events_url else {}),
    )  # fmt: skip
    response.hangup()
    return str(response)


def keys(digits: str, stream_url: str, action_url: str, parameters: Mapping[str, str]) -> str:
    """Presses keys, and connects the stream again. `w` waits half a second, `W` a whole one."""
    response = VoiceResponse()
    response.play(digits=digits)
    connect_in(response, stream_url, action_url, parameters)
    response.hangup()
    return str(response)


def redirect(url: str) -> str:
    """Goes on with the document at `url`."""
    response = VoiceResponse()
    response.redirect(url, method="POST")
    return str(response)
