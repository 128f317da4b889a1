"""Where a call may be put through to. The agent's author names them; the model only chooses a name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from telephony.call_control import hours
from telephony.field_types import check_types

E164 = re.compile(r"\+[1-9]\d{6,14}")
_SIP = re.compile(r"sips?:[^\s<>\"]{1,200}")
_NAME = re.compile(r"[^\W_][\w .'-]{0,39}")
NEVER_MIND = "never mind"


@dataclass(frozen=True, slots=True)
class Destination:
    """A person or desk that callers may be put through to.

    `name` is what the agent calls it; `number` one number (E.164, or `sip:...` if it is not `warm`) or several that are
    tried in turn, each rung for `ring_s`. `about` tells the model when to choose it. With `warm`, the person is called
    and told what it is about while the caller stays with the agent; otherwise the caller is put through at once and
    hears it ring. Whoever picks up then hears who is calling and presses a key (`accept_by_key`), so that no mailbox
    takes the call; without, whatever answers has it. `open` are the hours in `time_zone`, such as "Mon-Fri 9:00-17:30";
    empty: always. `show_caller` shows the caller's number instead of ours when the caller is put through at once.
    `brief_s` is the time for a yes, `talk_s` for the talk. Raises ValueError for what cannot be dialled or read.
    """

    name: str
    number: str | Sequence[str]
    about: str = ""
    warm: bool = False
    accept_by_key: bool = True
    open: str = ""
    time_zone: str = "UTC"
    ring_s: int = 20
    brief_s: int = 90
    talk_s: int = 3_600
    show_caller: bool = True
    numbers: tuple[str, ...] = field(init=False)
    spans: tuple[hours.Span, ...] = field(init=False)

    def __post_init__(self) -> None:
        given = (self.number,) if isinstance(self.number, str) else tuple(self.number)
        object.__setattr__(self, "numbers", tuple(re.sub(r"[\s()./-]", "", one) if "@" not in one else one
                                                  for one in given))  # fmt: skip
        object.__setattr__(self, "spans", hours.parsed(self.open))
        check_types(self)
        if not _NAME.fullmatch(self.name) or self.name.lower() == NEVER_MIND:
            raise ValueError(f"Destination.name must be a short name such as sales, not {self.name!r}")
        if not self.numbers:
            raise ValueError(f"Destination {self.name} has no number")
        for one in self.numbers:
            if not E164.fullmatch(one) and (self.warm or not _SIP.fullmatch(one)):
                kinds = "E.164 (+15551230000)" if self.warm else "E.164 (+15551230000) or a sip: address"
                raise ValueError(f"Destination {self.name}: a number must be {kinds}, not {one!r}")
        if len(set(self.numbers)) < len(self.numbers):
            raise ValueError(f"Destination {self.name} has a number twice")
        for name, seconds, least, most in (
            ("ring_s", self.ring_s, 5, 120), ("brief_s", self.brief_s, 30, 600), ("talk_s", self.talk_s, 60, 14_400),
        ):  # fmt: skip
            if not least <= seconds <= most:
                raise ValueError(f"Destination.{name} must be between {least} and {most}, not {seconds}")
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f"Destination.time_zone must be a name such as Europe/Berlin, not {self.time_zone!r}"
            ) from None

    def closed(self, now_s: float) -> str:
        """When it opens next, if it is closed at this time (seconds since 1970); "" if it is open."""
        now = datetime.fromtimestamp(now_s, ZoneInfo(self.time_zone))
        return "" if hours.is_open(self.spans, now) else hours.opens_next(self.spans, now)
