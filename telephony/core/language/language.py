"""What turn-taking has to know of a language: data alone. The rules are in `endpointing.py` and `barge_in.py`.

A language without data is `Language()`: then only silence decides, and any word asks for the floor. To add one, write
a module like `english.py` and enter it in `registry.py`; words are lower case, as `words.words` gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    stops: frozenset[str] = frozenset()
    """Said to stop somebody who is speaking."""
    weak: frozenset[str] = frozenset()
    """Recognisers hear these in any sound."""
    farewells: frozenset[str] = frozenset()
    """Said at the end of a call. Over the agent's goodbye they are no objection to it."""
    fillers: frozenset[str] = frozenset()
    """Carry no meaning, and hold the floor when they come last."""
    trailing: frozenset[str] = frozenset()
    """After these words a thought goes on."""
    trailing_phrases: Phrases = frozenset()
    openers: frozenset[str] = frozenset()
    """Come before the thought itself and say nothing about it."""
    greetings: frozenset[str] = frozenset()
    """Nobody calls to say only this."""
    questions: frozenset[str] = frozenset()
    """A sentence that begins with one of these is a question."""
    question_phrases: Phrases = frozenset()
    """A question also within a sentence."""
    requests: Phrases = frozenset()
    """Begin a request; with an object it is complete, though details may follow."""
    wants_details: frozenset[str] = frozenset()
    """What a request for such a thing leaves open is said next: when, for how many."""
    settles: frozenset[str] = frozenset()
    """What is asked about it leaves nothing open: "cancel"."""
    commands: frozenset[str] = frozenset()
    """The same, when a thought begins with one of them."""
    closers: frozenset[str] = frozenset()
    """A thought that ends with one of these is finished."""
    closing_phrases: Phrases = frozenset()
    afterthoughts: Phrases = frozenset()
    """Said behind an answer: "I think". At its beginning they trail."""
    objections: Phrases = frozenset()
    """What is right instead, or why, comes next."""
    answers: frozenset[str] = frozenset()
    """An answer when nothing else is said."""
    prepositions: frozenset[str] = frozenset()
    """Begin a detail of a request: "for four", "from March"."""
    auxiliaries: frozenset[str] = frozenset()
    """Verbs that begin a question, with one of the pronouns behind them."""
    pronouns: frozenset[str] = frozenset()
    being: frozenset[str] = frozenset()
    helping: frozenset[str] = frozenset()
    """Auxiliaries that need another verb: "why does it"."""
    determiners: frozenset[str] = frozenset()
    transitive: frozenset[str] = frozenset()
    """Verbs that do something to something..."""
    fronting: frozenset[str] = frozenset()
    """...which has been said already where a question begins with one of these."""
    stranded: frozenset[str] = frozenset()
    """May end such a question, though nothing else: "what is it for"."""
    question_ends: frozenset[str] = frozenset()
    """A short question that ends with one of these has been asked."""
    correlatives: tuple[tuple[str, str, bool], ...] = ()
    """(first word, second word): the first is followed by the second; with True only in requests for details."""
    subordinators: frozenset[str] = frozenset()
    """Begin a clause that is nothing by itself: "if", "when"."""
    introductions: Phrases = frozenset()
    """Before the speaker's name."""
    greeted_introductions: Phrases = frozenset()
    """The same, when a greeting comes before them."""
    holding: Phrases = frozenset()
    """The caller looks for the answer: "let me check"."""
    asking: frozenset[str] = frozenset()
    """Verbs with which one asks for something: "give", "tell"..."""
    requesting: frozenset[str] = frozenset()
    """...behind these: "could you"."""
    bidding: frozenset[str] = frozenset()
    """Words that make any sentence of the agent's a request when they end it."""
    knowing: frozenset[str] = frozenset()
    """Who asks whether one has, or knows, a number asks for it."""
    open_questions: Phrases = frozenset()
    """Questions that invite a story."""
    affirmatives: frozenset[str] = frozenset()
    """Said before what was asked for: "sure, it's ..."."""
    months: frozenset[str] = frozenset()
    weekdays: frozenset[str] = frozenset()
    magnitudes: frozenset[str] = frozenset()
    """Number words with which no amount need end: "thousand"."""
    currencies: frozenset[str] = frozenset()
    coins: frozenset[str] = frozenset()
    """The smaller of them: nothing comes after "forty cents"."""
    digits: frozenset[str] = frozenset()
    """Names of single digits, and of what stands between them."""
    repeats: Mapping[str, int] = field(default_factory=dict)
    """Words before a digit that say how often it comes."""
    numerals: Mapping[str, str] = field(default_factory=dict)
    """Number words and their figures: the same thing said in two ways."""
    at_sign: frozenset[str] = frozenset()
    dot: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    """Ends of an e-mail address..."""
    half_domains: frozenset[str] = frozenset()
    """...and what another end follows: "co"."""
    joints: frozenset[str] = frozenset()
    """Between the symbols of a code: "dash"."""
    examples: Phrases = frozenset()
    """Between a letter and a word that begins with it: "as in"."""
    figurative: frozenset[str] = frozenset()
    """Digits that are also pronouns: "one"..."""
    before_figures: frozenset[str] = frozenset()
    """...unless they come after one of these."""
    ordinals: frozenset[str] = frozenset()
    expects: tuple[tuple[str, str] | tuple[str, str, int], ...] = ()
    """(words in a question, kind of entry it asks for, how many symbols if that is known): see `policy.Expects`. Also
    what a caller says before giving one. The first that occurs counts."""
