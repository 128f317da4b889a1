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
    url: str


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
class Dial:
    """`targets` are numbers and SIP addresses."""

    targets: tuple[str, ...]
    caller_id: str = ""


@dataclass(frozen=True, slots=True)
class ConnectStream:
    """`action` is "" if there is none. `problems` are (code, text) of what Twilio would warn about."""

    url: str
    action: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[tuple[str, str], ...] = ()


Verb: TypeAlias = Say | Play | Pause | Hangup | Reject | Redirect | Dial | ConnectStream

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
            return Play(text)
        case "Pause":
            return Pause(int(element.get("length", "1")) * 1000)
        case "Hangup":
            return Hangup()
        case "Reject":
            return Reject(element.get("reason", "rejected"))
        case "Redirect":
            return Redirect(text)
        case "Dial":
            targets = [text] if text else [(child.text or "").strip() for child in element]
            return Dial(tuple(targets), element.get("callerId", ""))
        case "Connect":
            return _connect(element)
        case _:
            raise TwimlError("12200", f"this carrier does not know <{element.tag}>")


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
