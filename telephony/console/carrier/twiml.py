"""The carrier's TwiML parser: a document becomes a list of verbs, or an error with Twilio's code. Pure."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


class TwimlError(Exception):
    """A document that Twilio would not execute. `code` is Twilio's error code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Play:
    """A recording, or the keys to press (`w` and `W` are pauses)."""

    url: str
    digits: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    ms: int


@dataclass(frozen=True, slots=True)
class Hangup:
    pass


@dataclass(frozen=True, slots=True)
class Reject:
    reason: str = "rejected"


@dataclass(frozen=True, slots=True)
class Redirect:
    url: str


@dataclass(frozen=True, slots=True)
class Callback:
    """Where events are reported, and which."""

    url: str = ""
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    """A number to dial. `url`: the document that whoever answers hears first."""

    number: str
    url: str = ""
    callback: Callback = Callback()
    send_digits: str = ""


@dataclass(frozen=True, slots=True)
class Conference:
    """A room that a call enters."""

    name: str
    starts: bool = True
    ends_on_exit: bool = False
    muted: bool = False
    callback: Callback = Callback()


@dataclass(frozen=True, slots=True)
class Dial:
    """`targets` are numbers and SIP addresses, or the name of `conference`. `action` is "" if there is none."""

    targets: tuple[str, ...]
    caller_id: str = ""
    numbers: tuple[Number, ...] = ()
    conference: Conference | None = None
    action: str = ""
    timeout_ms: int = 30_000
    limit_ms: int | None = None
    sequential: bool = False
    answer_on_bridge: bool = False


@dataclass(frozen=True, slots=True)
class Gather:
    """Asks for keys while `inside` is executed, and for `timeout_ms` from then on. `count`: no more than this many; 0:
    until `finish`."""

    inside: tuple[Verb, ...]
    action: str = ""
    count: int = 0
    timeout_ms: int = 5_000
    finish: str = "#"


@dataclass(frozen=True, slots=True)
class ConnectStream:
    """`action` is "" if there is none. `problems` are (code, text) of what Twilio would warn about."""

    url: str
    action: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[tuple[str, str], ...] = ()


Verb: TypeAlias = Say | Play | Pause | Hangup | Reject | Redirect | Dial | Gather | ConnectStream

_XML_TYPES = {"text/xml", "application/xml", "text/html"}  # html: Twilio reads it as XML, too


def parse(document: str, content_type: str) -> list[Verb]:
    """Parses a document. Raises `TwimlError`: 12300 (content type), 12100 (not XML), 12200 (not TwiML, or a verb that
    this carrier does not know)."""
    if content_type.partition(";")[0].strip().lower() not in _XML_TYPES - {"text/html"}:
        raise TwimlError("12300", f"content type {content_type!r}")
    try:
        root = ET.fromstring(document)
    except ET.ParseError as error:
        raise TwimlError("12100", str(error)) from None
    if root.tag != "Response":
        raise TwimlError("12200", f"root element {root.tag}")
    return [_verb(element) for element in root]


def _verb(element: ET.Element) -> Verb:
    text = (element.text or "").strip()
    match element.tag:
        case "Say":
            return Say(text, element.get("language", ""))
        case "Play":
            return Play(text, element.get("digits", ""))
        case "Pause":
            return Pause(_whole(element, "length", 1) * 1_000)
        case "Hangup":
            return Hangup()
        case "Reject":
            return Reject(element.get("reason", "rejected"))
        case "Redirect":
            return Redirect(text)
        case "Dial":
            return _dial(element, text)
        case "Gather":
            return _gather(element)
        case "Connect":
            return _connect(element)
        case _:
            raise TwimlError("12200", f"this carrier does not know <{element.tag}>")


def _dial(element: ET.Element, text: str) -> Dial:
    numbers = [Number(text)] if text else [_number(child) for child in element if child.tag != "Conference"]
    rooms = [_conference(child) for child in element.findall("Conference")]
    if len(rooms) > 1 or (rooms and numbers):
        raise TwimlError("12200", "<Dial> holds numbers or one <Conference>")
    limit_ms = _whole(element, "timeLimit", 0) * 1_000
    return Dial(
        tuple(room.name for room in rooms) or tuple(number.number for number in numbers),
        element.get("callerId", ""),
        tuple(numbers),
        rooms[0] if rooms else None,
        element.get("action", ""),
        _whole(element, "timeout", 30) * 1_000,
        limit_ms or None,
        element.get("sequential") == "true",
        element.get("answerOnBridge") == "true",
    )


def _number(element: ET.Element) -> Number:
    text, url = (element.text or "").strip(), element.get("url", "")
    return Number(text, url, _callback(element, "completed"), element.get("sendDigits", ""))


def _conference(element: ET.Element) -> Conference:
    return Conference(
        (element.text or "").strip(),
        element.get("startConferenceOnEnter", "true") == "true",
        element.get("endConferenceOnExit") == "true",
        element.get("muted") == "true",
        _callback(element, "start end"),
    )


def _callback(element: ET.Element, default: str) -> Callback:
    return Callback(element.get("statusCallback", ""), tuple(element.get("statusCallbackEvent", default).split()))


def _gather(element: ET.Element) -> Gather:
    inside = tuple(_verb(child) for child in element)
    if not all(isinstance(verb, Say | Play | Pause) for verb in inside):
        raise TwimlError("12200", "<Gather> holds <Say>, <Play> and <Pause>")
    timeout_s = 5 if element.get("timeout") == "auto" else _whole(element, "timeout", 5)
    return Gather(
        inside,
        element.get("action", ""),
        _whole(element, "numDigits", 0),
        timeout_s * 1_000,
        element.get("finishOnKey", "#"),
    )


def _whole(element: ET.Element, name: str, default: int) -> int:
    value = element.get(name, str(default))
    if not (value.isascii() and value.isdigit()):
        raise TwimlError("12200", f"<{element.tag} {name}> is {value!r}, not a whole number")
    return int(value)


def _connect(element: ET.Element) -> ConnectStream:
    streams = element.findall("Stream")
    if len(streams) != 1 or len(element) != 1:
        raise TwimlError("12200", "<Connect> must hold exactly one <Stream> here")
    stream, problems = streams[0], []
    url = stream.get("url", "")
    if "?" in url:
        problems.append(("31920", "a query on the stream URL is dropped"))
        url = url.partition("?")[0]
    if not url.startswith(("wss://", "ws://")):
        problems.append(("31922", "the stream URL is not wss"))
    if stream.get("track", "inbound_track") != "inbound_track":
        problems.append(("31941", "<Connect> supports the inbound track only"))
    parameters = {}
    for parameter in stream.findall("Parameter"):
        name, value = parameter.get("name", ""), parameter.get("value", "")
        if len(name) + len(value) >= 500:
            problems.append(("12200", "a parameter of 500 characters or more"))
        parameters[name] = value
    return ConnectStream(url, element.get("action", ""), parameters, tuple(problems))
