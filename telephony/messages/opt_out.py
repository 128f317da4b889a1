"""Whether a message from a person asks for no more messages, or for them again. Pure.

The words alone decide: nothing but a word for stopping, and what is said with it out of politeness or to make it clear
("please stop texting me"). Whatever says more ("stop by at five") is a message like any other. `CANCEL`, `END` and
`QUIT`, which Twilio takes for it too, count alone only: "cancel please" is about an appointment.
"""

from __future__ import annotations

import re
from enum import Enum, auto


class Wish(Enum):
    STOP = auto()
    START = auto()


_STOP = frozenset(
    "stop stopall stopp unsubscribe optout revoke arret arrêt baja alto parar sair cancella afmelden abmelden "
    "desabonnement désabonnement".split()
)
_ALONE = frozenset("cancel end quit".split())
_START = frozenset("start unstop yes".split())
_FILLERS = frozenset(
    "please pls now all me us messaging texting sending messages message texts text sms these this those your the to "
    "from it bitte jetzt keine sms mehr svp por favor per favore alstublieft merci thanks thank you danke".split()
)


def wish(body: str, told: str = "") -> Wish | None:
    """What a message asks for, None if neither. `told`: what Twilio takes it for (its `OptOutType`), which holds."""
    if told:
        return {"STOP": Wish.STOP, "START": Wish.START}.get(told.strip().upper())
    words = re.findall(r"\w+", body.lower().replace("opt out", "optout").replace("opt-out", "optout"))
    if len(words) == 1 and words[0] in _ALONE | _START:
        return Wish.START if words[0] in _START else Wish.STOP
    rest = [one for one in words if one not in _FILLERS]
    return Wish.STOP if rest and all(one in _STOP for one in rest) else None
