"""What turn-taking needs to know about a language, as data. The rules are in `endpointing.py` and `barge_in.py`.

A language without data is `Language()`: then only silence ends a turn, and any word asks for the floor, but for the
murmurs of all languages (`murmurs.py`). English alone has data for endpointing (`known`); the others have their fixed
phrases and the words of listeners and of goodbyes. To add a language, write a module like `german.py` and enter it in
`registry.py`. Words are lower case, as `words.words` returns them, and without accents: recognisers may leave them out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from telephony.core.language.wording import Wording

Phrases = frozenset[tuple[str, ...]]
_ACCENT = re.compile("[\u0300-\u036f]")


def plain(text: str) -> str:
    """The text in lower case and without accents: "Où" -> "ou", "tschüß" -> "tschuss"."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", text.casefold())))


def word_set(*texts: str) -> frozenset[str]:
    """The words of the texts, as they are compared."""
    return frozenset(plain(" ".join(texts)).split())


def phrases(*texts: str) -> Phrases:
    """Phrases as tuples of words, as they are compared. Each text may contain several, separated by "/"."""
    return frozenset(tuple(phrase.split()) for text in texts for phrase in plain(text).split("/") if phrase.strip())


@dataclass(frozen=True, slots=True)
class Language:
    """See the module text. Every field may be empty."""

    name: str = ""
    """In English."""
    wording: Wording | None = None
    """What the agent says by itself. The caller is addressed formally."""
    known: bool = False
    """Whether there is enough data to judge a thought by its words."""
    backchannels: frozenset[str] = frozenset()
    """Said to show that one is listening, not to ask for the floor."""
    backchannel_phrases: Phrases = frozenset()
    remarks: Phrases = frozenset()
    """What listeners say besides, of words that mean something else elsewhere: "no way". See `remarks.py`, also for the
    next five."""
    assessments: frozenset[str] = frozenset()
    """What listeners call what they hear: "lovely", "a shame"..."""
    before_assessments: Phrases = frozenset()
    """...the words and phrases that lead to it ("that's", "what a")..."""
    after_assessments: Phrases = frozenset()
    """...and those that may follow: "of you"."""
    tag_verbs: frozenset[str] = frozenset()
    """One of these before one of the pronouns shows interest, and asks nothing: "is it?"."""
    tag_pronouns: frozenset[str] = frozenset()
    verb_first: Phrases = frozenset()
    """Beginnings of a question: with more after it, it is no remark ("is it okay?")."""
    before_nouns: frozenset[str] = frozenset()
    """Words after which an assessment is none: "on the right"."""
    stops: frozenset[str] = frozenset()
    """Said to stop somebody who is speaking."""
    urgent: frozenset[str] = frozenset()
    """Said in alarm, or to refuse, however softly: "help", "nope"."""
    weak: frozenset[str] = frozenset()
    """Words that STTs transcribe from any sound."""
    farewells: frozenset[str] = frozenset()
    """Said at the end of a call: thanks, goodbyes. See `farewells.py` for these and the next six."""
    farewell_phrases: Phrases = frozenset()
    """The same, of words that mean something else by themselves: "take care"."""
    farewell_openings: Phrases = frozenset()
    """The same, and the words after them belong to it: "thanks for", "see you"."""
    partings: Phrases = frozenset()
    """A sentence with one of these is the goodbye of whoever says it."""
    light: frozenset[str] = frozenset()
    """Words that bring up nothing by themselves: praise, pronouns, auxiliaries, fillers."""
    reopeners: Phrases = frozenset()
    """A question, a request, an objection: with one of these there is something new."""
    noes: frozenset[str] = frozenset()
    """Said before thanks ("no, that's all"); otherwise an objection."""
    fillers: frozenset[str] = frozenset()
    """Words without meaning, which hold the floor when they come last."""
    trailing: frozenset[str] = frozenset()
    """After these words a thought goes on."""
    trailing_phrases: Phrases = frozenset()
    openers: frozenset[str] = frozenset()
    """Words that come before the thought itself and add nothing to it."""
    greetings: frozenset[str] = frozenset()
    """After words of a greeting alone, the reason for the call is still to come."""
    questions: frozenset[str] = frozenset()
    """A sentence that begins with one of these is a question."""
    question_phrases: Phrases = frozenset()
    """Phrases that begin a question also within a sentence."""
    requests: Phrases = frozenset()
    """Phrases that begin a request. With an object the request is complete, though details may follow."""
    wants_details: frozenset[str] = frozenset()
    """Objects of a request whose details usually follow: when, for how many."""
    settles: frozenset[str] = frozenset()
    """With one of these, a request for such an object needs no details: "cancel"."""
    commands: frozenset[str] = frozenset()
    """Words that make a thought a request if it begins with one of them."""
    closers: frozenset[str] = frozenset()
    """A thought that ends with one of these is finished."""
    closing_phrases: Phrases = frozenset()
    afterthoughts: Phrases = frozenset()
    """Said after an answer: "I think". At the beginning of an answer they trail."""
    objections: Phrases = frozenset()
    """Usually followed by a correction or a reason."""
    answers: frozenset[str] = frozenset()
    """Words that are a complete answer by themselves."""
    prepositions: frozenset[str] = frozenset()
    """Words that begin a detail of a request: "for four", "from March"."""
    auxiliaries: frozenset[str] = frozenset()
    """Verbs that begin a question when one of the pronouns follows."""
    pronouns: frozenset[str] = frozenset()
    being: frozenset[str] = frozenset()
    helping: frozenset[str] = frozenset()
    """Auxiliaries that need another verb: "why does it"."""
    determiners: frozenset[str] = frozenset()
    transitive: frozenset[str] = frozenset()
    """Verbs that need an object after them..."""
    fronting: frozenset[str] = frozenset()
    """...unless the question begins with one of these, which is the object: "what"."""
    stranded: frozenset[str] = frozenset()
    """Words that may end such a question but no other sentence: "what is it for"."""
    question_ends: frozenset[str] = frozenset()
    """A short question that ends with one of these is complete."""
    correlatives: tuple[tuple[str, str, bool], ...] = ()
    """(first word, second word, only): the second follows the first later in the sentence; if `only`, then only in
    requests for something in `wants_details`."""
    verbs: frozenset[str] = frozenset()
    """Common verbs, in all their forms."""
    titles: frozenset[str] = frozenset()
    """Words before a name: "doctor"."""
    indefinites: frozenset[str] = frozenset()
    """Words that a description usually follows: "anyone", "something"."""
    subordinators: frozenset[str] = frozenset()
    """Words that begin a subordinate clause: "if", "when"."""
    introductions: Phrases = frozenset()
    """Phrases before the speaker's name."""
    greeted_introductions: Phrases = frozenset()
    """The same, but only after a greeting."""
    holding: Phrases = frozenset()
    """Said while the caller is looking for the answer: "let me check"."""
    asking: frozenset[str] = frozenset()
    """Verbs of a request: "give", "tell"..."""
    requesting: frozenset[str] = frozenset()
    """...when they follow one of these: "could you"."""
    bidding: frozenset[str] = frozenset()
    """A sentence of the agent that ends with one of these is a request."""
    knowing: frozenset[str] = frozenset()
    """Verbs that make a yes-or-no question ask for the thing itself: "do you have / know the number?"."""
    open_questions: Phrases = frozenset()
    """Questions that invite a longer answer."""
    affirmatives: frozenset[str] = frozenset()
    """Said before what was asked for: "sure, it's ..."."""
    months: frozenset[str] = frozenset()
    weekdays: frozenset[str] = frozenset()
    magnitudes: frozenset[str] = frozenset()
    """Number words after which an amount usually goes on: "thousand"."""
    currencies: frozenset[str] = frozenset()
    coins: frozenset[str] = frozenset()
    """The smaller units of currency, which complete an amount: "forty cents"."""
    digits: frozenset[str] = frozenset()
    """Names of single digits, and words said between them."""
    repeats: Mapping[str, int] = field(default_factory=dict)
    """Words before a digit that say how often it is repeated."""
    numerals: Mapping[str, str] = field(default_factory=dict)
    """Number words and the figures they stand for."""
    number_links: frozenset[str] = frozenset()
    """Words inside a number: "a hundred and twenty"."""
    articles: frozenset[str] = frozenset()
    contractions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Words that stand for others, and which."""
    at_sign: frozenset[str] = frozenset()
    dot: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    """Words that end an e-mail address..."""
    half_domains: frozenset[str] = frozenset()
    """...and those that another one usually follows: "co"."""
    joints: frozenset[str] = frozenset()
    """Words between the symbols of a code: "dash"."""
    examples: Phrases = frozenset()
    """Phrases between a letter and a word that begins with it: "as in"."""
    figurative: frozenset[str] = frozenset()
    """Digits that are also pronouns ("one") and are not taken as digits..."""
    before_figures: frozenset[str] = frozenset()
    """...unless they follow one of these."""
    number_sounds: frozenset[str] = frozenset()
    """What recognisers write for a number that is said alone: "for"."""
    ordinals: frozenset[str] = frozenset()
    expects: tuple[tuple[str, str] | tuple[str, str, int], ...] = ()
    """(phrase, kind of entry, number of symbols if known): a question with this phrase asks for such an entry
    (`policy.Expects`), and a caller who says it is about to give one. The first that occurs counts."""
