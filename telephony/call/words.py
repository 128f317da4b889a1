"""What short utterances mean to turn-taking. Language data only; the rules are in `barge_in.py`."""

from __future__ import annotations

import re

#: Said to show that one listens. They do not ask for the floor.
BACKCHANNELS = frozenset(
    (
        "mhm mm mmm hm hmm mm-hm mm-hmm mmhm mmhmm uh-huh uhhuh uh huh um ah oh aha yeah yep yes yup ya ok okay right "
        "sure good great fine alright i see got it nice cool wow really exactly true"
    ).split()
) | {"uh huh", "mm hm", "i see", "got it", "all right", "of course"}

#: Said to get the floor. One of them is enough.
STOP_WORDS = frozenset(
    ("no nope stop wait hold hang sorry excuse listen actually but what who why how hello hey pardon cancel").split()
)

#: Said at the end of a call. Over the agent's goodbye they are no objection to it.
FAREWELLS = BACKCHANNELS | frozenset("bye goodbye thanks thank you very much cheers have a nice day too ciao".split())

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def words(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def backchannel(text: str) -> bool:
    """Nothing but sounds and words of a listener (at most four of them). Empty text is none."""
    found = words(text)
    return 0 < len(found) <= 4 and all(word in BACKCHANNELS for word in found)


def is_farewell(text: str) -> bool:
    """Nothing but words of a goodbye."""
    found = words(text)
    return 0 < len(found) <= 8 and all(word in FAREWELLS for word in found)


def wants_the_floor(text: str) -> bool:
    """Words that ask for the floor: a stop word anywhere among the first three, or anything that is no backchannel."""
    found = words(text)
    if any(word in STOP_WORDS for word in found[:3]):
        return True
    return bool(found) and not backchannel(text)
