"""What turn-taking has to know of a language: data alone. The rules are in `endpointing.py` and `barge_in.py`.

A language without data is `Language()`: then only silence decides, and any word asks for the floor. To add one, write
a module like `english.py` and enter it in `LANGUAGES`; words are lower case, as `words.words` gives them.
"""

from __future__ import annotations

from dataclasses import dataclass

Phrases = frozenset[tuple[str, ...]]


def phrases(*texts: str) -> Phrases:
    """Phrases as tuples of words; each text may hold several, separated by "/"."""
    return frozenset(tuple(phrase.split()) for text in texts for phrase in text.split("/") if phrase.strip())


@dataclass(frozen=True, slots=True)
class Language:
    """See the module text. Every field may be empty."""

    known: bool = False
    """Whether there is enough data to judge a thought by its words."""
    backchannels: frozenset[str] = frozenset()
    """Said to show that one listens. They do not ask for the floor."""
    backchannel_phrases: Phrases = frozenset()
    farewells: frozenset[str] = frozenset()
    """Said at the end of a call. Over the agent's goodbye they are no objection to it."""
    fillers: frozenset[str] = frozenset()
    """Carry no meaning, and hold the floor when they come last."""
    trailing: frozenset[str] = frozenset()
    """After these words a thought goes on."""
    trailing_phrases: Phrases = frozenset()
    openers: frozenset[str] = frozenset()
    """Come before the thought itself and say nothing about it."""
    questions: frozenset[str] = frozenset()
    """A sentence that begins with one of these is a question."""
    question_phrases: Phrases = frozenset()
    """A question also within a sentence."""
    requests: Phrases = frozenset()
    """Begin a request; with an object it is complete, though details may follow."""
    commands: frozenset[str] = frozenset()
    """The same, when a thought begins with one of them."""
    closers: frozenset[str] = frozenset()
    """A thought that ends with one of these is finished."""
    closing_phrases: Phrases = frozenset()
    answers: frozenset[str] = frozenset()
    """An answer when nothing else is said."""
    times: frozenset[str] = frozenset()
    """A thought that ends with one of these is probably complete."""
    digits: frozenset[str] = frozenset()
    """Names of single digits, and of what stands between them."""
    repeats: tuple[tuple[str, int], ...] = ()
    """Words before a digit that say how often it comes."""
    numerals: tuple[tuple[str, str], ...] = ()
    """Number words and their figures: the same thing said in two ways."""
    at_sign: frozenset[str] = frozenset()
    dot: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    """Ends of an e-mail address."""
    expects: tuple[tuple[str, str], ...] = ()
    """(words in a question, kind of entry it asks for). Also what a caller says before giving one."""


def language_for(code: str) -> Language:
    """The data for an ISO 639-1 code, with or without a region; without data the silence rule's."""
    from telephony.call.english import ENGLISH

    return {"en": ENGLISH}.get(code.lower().partition("-")[0], Language())
