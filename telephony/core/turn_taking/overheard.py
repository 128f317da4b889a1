"""What the caller's words are in the light of what the agent says meanwhile: its echo, or an answer to its goodbye.

Looked at anew whenever the words change, because it takes time; in between, and until the utterance is over, it stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from telephony.core.ending import Ending
from telephony.core.language.language import Language
from telephony.core.language.remarks import Remark
from telephony.core.language.words import backchannel, from_word, stops, words
from telephony.core.listening.listening import Closed, Listening
from telephony.core.listening.utterance import Utterance
from telephony.core.listening.voice_activity import WINDOW_MS
from telephony.core.policy import TurnTaking
from telephony.core.speaking.hearing import Hearing
from telephony.core.speaking.turns import Turns
from telephony.core.turn_taking.echo import (
    BEFORE_ECHO_MS,
    MISHEARD_WORDS,
    PROMPT_MS,
    SOFTER,
    SURELY_BELOW_CALLER,
    VOICE_WITHIN_MS,
    WORDS_WITHIN_MS,
    EchoLevel,
    is_echo,
    own_words,
)
from telephony.core.turn_taking.listener import Listener


@dataclass(slots=True)
class Said:
    """The words of an utterance as they were at `text_ms`: the first `own` of them are the agent's, if the voice is
    `quiet` enough; the first `before` are, whatever voice has come since. `doubtful`: one of them may be the agent's
    too, or misheard; `by_words`: they came without a voice; `parting`: the agent has been saying goodbye meanwhile."""

    utterance: Utterance | None = None
    text_ms: int = -1
    parting: bool = False
    by_words: bool = False
    own: int = 0
    before: int = 0
    quiet: bool = False
    doubtful: bool = False


class _Voice(NamedTuple):
    """Whose the voice of an utterance may be: there is hardly any (`absent`); it may be the agent's (`quiet`); it is
    like the line's `echo`; it is `not_theirs`, the caller's."""

    absent: bool
    quiet: bool
    echo: bool
    not_theirs: bool


class Overheard:
    """See the module text. Times are the core's `now`."""

    def __init__(
        self, rules: TurnTaking, language: Language, listening: Listening, turns: Turns, hearing: Hearing
    ) -> None:
        self._rules = rules
        self._language = language
        self._listening = listening
        self._turns = turns
        self._hearing = hearing
        self._level = EchoLevel()
        self._said = Said()
        self._listener = Listener(language)
        self.inside = False
        """The words are said in the midst of what the agent says, and answer nothing. Set from outside."""
        self._prompt = False  # the voice that holds the agent began right after the agent did

    # --- while the caller speaks ------------------------------------------------------------------------------------

    def look(self, utterance: Utterance, ending: Ending, now: int) -> None:
        """Looks at the utterance under way, if its words have changed."""
        before, text = self._said, utterance.text
        if before.utterance is utterance and before.text_ms == utterance.text_ms:
            return
        self._said = said = Said(utterance, utterance.text_ms, ending.begun or self._hearing.parting(now), bool(text))
        if before.utterance is utterance:
            said.parting, said.by_words = said.parting or before.parting, before.by_words
            said.before = before.own if before.quiet else before.before
        if text:
            self._compare(said, utterance, now)
            if not (utterance.voice_ms or said.doubtful) and words(utterance.tentative) and self.rest(text, 0):
                self._listening.voice.level.heard_words()

    def _compare(self, said: Said, utterance: Utterance, now: int) -> None:
        """Compares the words of the utterance with what was audible."""
        voice = self._voice(utterance)
        late = said.by_words or voice.absent or voice.echo
        audible = self._audible(utterance, WORDS_WITHIN_MS if late else VOICE_WITHIN_MS, now)
        own = own_words(utterance.text, audible, self._language, sure=voice.not_theirs)
        enough = own.known == 1 and self._is_enough(utterance, voice, now)
        said.own, doubtful = own.judged(sure=voice.not_theirs, enough=enough, voice=utterance.voice_ms > 0)
        few = self._may_be_misheard(utterance.text) if audible and voice.echo else 0
        if few and self._turns.live():
            said.own = few
        said.quiet = voice.quiet
        said.doubtful = voice.quiet and (doubtful or few == 1)

    def _voice(self, utterance: Utterance) -> _Voice:
        level, loud, absent = self._level, utterance.loud, self._voiceless(utterance.voice_ms)
        echo = level.is_known(loud)
        not_theirs = echo or level.is_quieter(loud, SURELY_BELOW_CALLER)
        return _Voice(absent, absent or level.may_be_echo(loud), echo, not_theirs)

    def _audible(self, utterance: Utterance, within_ms: int, now: int) -> str:
        """What began to be played at most so long before the utterance."""
        return self._hearing.aloud(now - self._listening.voice.media_ms + utterance.opened_ms - within_ms, now)

    def _may_be_misheard(self, text: str) -> int:
        """On a line with an echo, a few words may all be misheard: their number, or 0."""
        count, language = len(words(text)), self._language
        return 0 if count > MISHEARD_WORDS or stops(text, language) or backchannel(text, language) else count

    def _is_enough(self, utterance: Utterance, voice: _Voice, now: int) -> bool:
        """Whether a single word of the agent's is its echo: if this line has one; otherwise not without a voice while
        the agent speaks, and if the voice is surely not the caller's, or too early for one who has to hear the word."""
        if voice.echo or not utterance.voice_ms:
            return voice.echo or not self._turns.live()
        prompt = self._audible(utterance, PROMPT_MS, now)
        return voice.not_theirs or own_words(utterance.text, prompt, self._language).words > 0

    @property
    def parting(self) -> bool:
        """The agent has been saying goodbye during the utterance."""
        return self._said.parting

    @property
    def doubtful(self) -> bool:
        """A single word that may be the agent's, or misheard in its echo."""
        return self._said.doubtful

    @property
    def like_echo(self) -> bool:
        """What is heard now may be the echo that this line is known to have: no louder, and quieter than the caller."""
        return self._may_be_echo(self._listening.voice.level.loud)

    def was_echo(self, voice_ms: int, silence_ms: int, now: int) -> bool:
        """The latest utterance, of which no words are known, was like the echo of this line, and the agent was audible
        before it. It is over."""
        like = self._said.utterance is not None and self._may_be_echo(self._said.utterance.loud)
        return like and bool(self._hearing.aloud(now - silence_ms - voice_ms - WORDS_WITHIN_MS, now))

    def _may_be_echo(self, loud: int) -> bool:
        return self._level.is_known(loud) and self._level.may_be_echo(loud)

    def remark(self, text: str, voice_ms: int) -> Remark:
        """What the words are as a listener's, if they are said `inside` the agent's phrase."""
        if not self.inside:
            return Remark.NONE
        utterance = self._said.utterance
        soft = utterance is not None and self._level.is_quieter(utterance.loud, SOFTER)
        return self._listener.remark(text, voice_ms=voice_ms, soft=soft)

    def theirs(self, now: int) -> bool:
        """The voice that is heard now cannot be the agent's words, come back: it began before they could, or is as loud
        as the caller and louder than any echo."""
        voice, playout = self._listening.voice, self._turns.playout
        began = now - voice.media_ms + voice.burst_started_ms
        loud, level = voice.level.loud, self._level
        as_loud = not level.may_be_echo(loud) and not level.is_known(loud)
        return as_loud or playout.silent(began + WINDOW_MS - BEFORE_ECHO_MS, for_ms=VOICE_WITHIN_MS)

    def rest(self, text: str, voice_ms: int) -> str:
        """The caller's own words of the utterance: the text without the agent's words at its beginning."""
        if not text or self._repeats(text, voice_ms):
            return ""
        said, own = self._said, self._said.before
        if said.own != own and said.utterance is not None:
            quiet = self._voiceless(voice_ms) or self._level.may_be_echo(said.utterance.loud)
            own = said.own if quiet else own
        return from_word(text, own) if own else text

    def callers_words(self, utterance: Utterance) -> str:
        """The caller's own words of the utterance so far; "" if they may be the agent's."""
        return "" if self.doubtful else self.rest(utterance.text, utterance.voice_ms)

    def _repeats(self, text: str, voice_ms: int) -> bool:
        repeats, known = self._hearing.says(text), self._listening.voice.level.known
        return is_echo(text, repeats=repeats, voice_ms=voice_ms, voice_known=known, rules=self._rules)

    def _voiceless(self, voice_ms: int) -> bool:
        return voice_ms < self._rules.tuning.min_word_ms

    # --- what follows from it ---------------------------------------------------------------------------------------

    def held(self, now: int) -> None:
        """A sound holds the agent."""
        voice = self._listening.voice
        began = now - voice.media_ms + voice.burst_started_ms
        self._prompt = began <= self._turns.playout.began_ms + VOICE_WITHIN_MS

    def resumed(self, utterance: Utterance, text: str) -> None:
        """The sound was no interruption; `text` are its words, which may be the agent's."""
        if text and not self.rest(text, utterance.voice_ms):
            self._level.echoed(utterance.loud)
        elif not text:
            self._level.sounded(utterance.loud, prompt=self._prompt)

    def has_cut(self, utterance: Utterance | None) -> None:
        """The caller has interrupted the agent."""
        if utterance is not None:
            self._level.interrupted(utterance.loud)

    def over(self, closed: Closed, live: bool) -> None:
        """The utterance is over: how loud the caller is, or the echo."""
        utterance = self._said.utterance
        if utterance is None or not closed.text:
            return
        if not self.rest(closed.text, closed.voice_ms):
            self._level.echoed(utterance.loud)
        elif not self._voiceless(closed.voice_ms) and not live and not self._said.own:
            self._level.caller_spoke(utterance.loud)
