"""What the caller's words reply to: the agent's last ones, as far as they were heard."""

from __future__ import annotations

from telephony.core.actions import Action
from telephony.core.language.language import Language
from telephony.core.listening.calm import Calm, until
from telephony.core.listening.listening import Listening
from telephony.core.policy import Expects
from telephony.core.speaking.hearing import Hearing
from telephony.core.turn_taking.question import AnswerContext


class Attention:
    """Listens with this in mind. Times are the core's `now`."""

    def __init__(
        self, expects: tuple[Expects, ...], language: Language, listening: Listening, hearing: Hearing
    ) -> None:
        self._expects = expects
        self._language = language
        self._listening = listening
        self._hearing = hearing
        self._said = ""

    def tick(self, now: int) -> list[Action]:
        if self._listening.utterance is not None and (said := self._hearing.last_words(now)) != self._said:
            self._said = said
            self._listening.context = AnswerContext.after(said, self._expects, self._language)
        return self._listening.tick()

    def calm(self, now: int) -> Calm | None:
        """See `Part`."""
        calm = self._listening.calm()
        if calm is None or self._listening.utterance is None:
            return calm
        return calm.both(until(self._hearing.more_ms(now)))
