"""The header of a tape: the call, the settings of its core, and the version that wrote it. Pure.

A tape of an older format is upgraded when it is read (see upgrades.py). A tape of a newer format is refused. The policy
is stored in full, so that a replay builds the same core even if the agent has changed since; of the prompt only a hash
is stored, so that editing it breaks no tape.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import partial
from typing import Any, Union, get_args, get_origin, get_type_hints

from telephony.core.decisions import RULES
from telephony.core.language.codes import is_tag
from telephony.core.managed.bridge import BridgePolicy
from telephony.core.policy import Policy
from telephony.core.policy_checks import impossible
from telephony.tape.codec import VOCABULARY, BadTape, Data
from telephony.tape.upgrades import UPGRADES
from telephony.text_normalization import spoken_form

FORMAT = 3
NAME = "telephony_tape"
TAPE_FILE = "tape.jsonl"
VARIABLE = "variable:"
SIDES = ("caller", "agent")
"""The audio files: `<side>.ulaw`."""
BEING_MADE = ".new"
"""Suffix of the folder in which the replacement of a tape is written."""

PIPELINE = "pipeline"
BRIDGE = "bridge"
POLICIES: dict[str, type] = {BRIDGE: BridgePolicy}
"""The frozen settings of engines other than the pipeline, by the engine's name."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a tape.

    `engine` held the conversation: `pipeline` (`core/conversation.py`, set up by `policy` and `language`) or `bridge`.
    A bridge is set up by `engine_policy` (its class is in `POLICIES`); `policy` and `language` are then those of the
    pipeline that may take over. `call` and `agent` hold names and values for people (perhaps personal data); `began` is
    UTC, ISO 8601; none of the three affects a decision. `language` is the argument of `spoken_form`, or None if the
    core had no `spoken_form`. A variable with which a call was placed is in `call` under its name, after `VARIABLE`.
    `spoken` are (written, spoken) pairs that take precedence over it.
    """

    policy: Policy = field(default_factory=Policy)
    engine: str = PIPELINE
    engine_policy: object = None
    language: str | None = None
    call: Mapping[str, str] = field(default_factory=dict)
    agent: Mapping[str, str] = field(default_factory=dict)
    began: str = ""
    package: str = ""
    spoken: tuple[tuple[str, str], ...] = ()
    made: str = "recorded"
    """How the tape was made: `recorded` or `imported`, then `rehearsed`, `redacted`, `blessed`, joined by commas."""
    rules: int = RULES
    """The rules by which its call was decided (`core/decisions.py`)."""

    @property
    def variables(self) -> dict[str, str]:
        """The variables with which the call was placed."""
        return {name[len(VARIABLE) :]: value for name, value in self.call.items() if name.startswith(VARIABLE)}

    def spoken_form(self) -> Callable[[str], str]:
        """The pure function from written to spoken text that the core had."""
        plain = (lambda text: text) if self.language is None else partial(spoken_form, language=self.language)
        if not self.spoken:
            return plain
        known = dict(self.spoken)
        return lambda text: known[text] if text in known else plain(text)


def to_data(header: Header) -> dict[str, Data]:
    """The header as data for the first line."""
    return {
        NAME: FORMAT,
        "package": header.package,
        "made": header.made,
        "rules": header.rules,
        "began": header.began,
        "call": dict(header.call),
        "agent": dict(header.agent),
        "language": header.language,
        "spoken": [list(pair) for pair in header.spoken],
        "rate": 8000,
        "encoding": "mulaw",
        "engine": header.engine,
        "engine_policy": plain(header.engine_policy),
        "policy": plain(header.policy),
        "vocabulary": VOCABULARY,
    }


def from_data(data: Data) -> tuple[Header, dict[str, list[str]]]:
    """Header and vocabulary from a first line of the current format. Raises BadTape."""
    if not isinstance(data, dict):
        raise BadTape("the header is not an object")
    if (data.get("rate"), data.get("encoding")) != (8000, "mulaw"):
        raise BadTape(f"audio is {data.get('encoding')} at {data.get('rate')} Hz; mulaw at 8000 Hz is needed")
    vocabulary, spoken = data.get("vocabulary"), data.get("spoken", [])
    if not isinstance(vocabulary, dict) or not all(
        isinstance(names, list) and all(isinstance(name, str) for name in names) for names in vocabulary.values()
    ):
        raise BadTape("the header has no vocabulary")
    if not isinstance(spoken, list) or not all(
        isinstance(pair, list) and [type(text) for text in pair] == [str, str] for pair in spoken
    ):
        raise BadTape("`spoken` in the header holds something that is not a pair of texts")
    language = data.get("language")
    if language is not None and not isinstance(language, str):
        raise BadTape(f"`language` in the header is {language!r}")
    if language is not None and not is_tag(language):
        raise BadTape(f"`language` in the header is {language!r}, which is not a language code")
    engine = str(data.get("engine", PIPELINE))
    own = POLICIES.get(engine)  # a tape of an unknown engine can be shown, but not replayed
    header = Header(
        policy=from_plain(Policy, data.get("policy", {}), "policy"),
        engine=engine,
        engine_policy=None if own is None else from_plain(own, data.get("engine_policy", {}), "engine_policy"),
        language=language,
        call=_texts(data, "call"),
        agent=_texts(data, "agent"),
        began=str(data.get("began", "")),
        package=str(data.get("package", "")),
        spoken=tuple((written, said) for written, said in spoken),
        made=str(data.get("made", "recorded")),
        rules=_number(data, "rules", 1),
    )
    for name, settings in (("policy", header.policy), ("engine_policy", header.engine_policy)):
        if settings is not None and (why := impossible(settings, name)):
            raise BadTape(why)
    return header, vocabulary


def format_of(data: Data) -> int:
    """The format number of a header line. Raises BadTape for another kind of line or an unsupported format."""
    if not isinstance(data, dict) or type(data.get(NAME)) is not int:
        raise BadTape(f"this is not a tape: its first line has no {NAME!r}")
    found = int(data[NAME])
    if found > FORMAT:
        raise BadTape(
            f"the tape has format {found} (telephony {data.get('package', '?')}); this version reads up to {FORMAT}"
        )
    if found < FORMAT and any(step not in UPGRADES for step in range(found, FORMAT)):
        raise BadTape(f"the tape has format {found}, which this version can no longer read")
    return found


def _number(data: dict[str, Data], name: str, default: int) -> int:
    found = data.get(name, default)
    if type(found) is not int:
        raise BadTape(f"`{name}` in the header is {found!r}")
    return found


def _texts(data: dict[str, Data], name: str) -> dict[str, str]:
    found = data.get(name, {})
    if not isinstance(found, dict):
        raise BadTape(f"`{name}` in the header is not an object")
    return {str(key): str(value) for key, value in found.items()}


# --- settings of the core as data -----------------------------------------------------------------------------------


def plain(value: Any) -> Data:
    """Frozen settings as data: dataclasses become objects, tuples and frozensets lists. Raises TypeError."""
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, (tuple, list, frozenset)):
        return [plain(one) for one in (sorted(value) if isinstance(value, frozenset) else value)]
    if value is None or isinstance(value, (int, str, bool)):
        return value
    raise TypeError(f"{value!r} in a policy cannot be put on a tape")


def from_plain(kind: Any, data: Data, where: str) -> Any:
    """The reverse of `plain`. Missing fields get their defaults. Raises BadTape for unknown fields and wrong values."""
    if is_dataclass(kind):
        if not isinstance(data, dict):
            raise BadTape(f"{where} is not an object")
        hints = get_type_hints(kind)
        if strange := sorted(set(data) - set(hints)):
            raise BadTape(f"{where}.{strange[0]} is not known to this version")
        values = {name: from_plain(hints[name], item, f"{where}.{name}") for name, item in data.items()}
        try:
            return kind(**values)  # type: ignore[operator]  # a class, not an instance
        except ValueError as error:
            raise BadTape(f"{where}: {error}") from None
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if data is None and type(None) in get_args(kind):
            return None
        for part in get_args(kind):
            if part is not type(None):
                try:
                    return from_plain(part, data, where)
                except BadTape:
                    continue
        raise BadTape(f"{where} is {data!r}")
    if origin in (tuple, frozenset):
        if not isinstance(data, list):
            raise BadTape(f"{where} is not a list")
        items = get_args(kind)
        kinds = [items[0]] * len(data) if len(items) != len(data) or items[-1] is Ellipsis else items
        return origin(from_plain(one, item, where) for one, item in zip(kinds, data, strict=True))
    if not isinstance(kind, type) or type(data) is not kind:
        raise BadTape(f"{where} is {data!r}, not {getattr(kind, '__name__', kind)}")
    return data
