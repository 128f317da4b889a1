"""One turn of the agent, from the model's first word to the last mark.

Theory of operation. A turn is what the model generates (`Generation`), the speech made of it (`Speech`), how much of
that was played (its track in the `Playout`), and a line of the record. A fixed phrase is a turn without a generation.
See turn_state.py for the states it goes through.
"""

from __future__ import annotations

from collections.abc import Callable

from telephony.core.actions import Action, CancelReply, LineAdded
from telephony.core.events import Finish, Phrase, ReplyEnded, SpeechAudio, ToolFinished
from telephony.core.policy import Limits
from telephony.core.speaking.generation import Generation
from telephony.core.speaking.playout import Playout
from telephony.core.speaking.speech import Coming, Speech, Unit
from telephony.core.speaking.turn_state import Outcome, TurnState
from telephony.core.transcript import Transcript, heard_text

SpokenForm = Callable[[str], str]
"""What the model wrote -> what a voice should say; pure. "" for text that is not spoken."""


class Turn:
    """See the module text. Times are the core's `now`. Methods return the actions to perform, in order."""

    def __init__(
        self,
        number: int,
        state: TurnState,
        playout: Playout,
        transcript: Transcript,
        generation: Generation | None = None,
    ) -> None:
        self.number = number
        self.state, self.outcome = state, Outcome.OPEN
        self.generation = generation
        self.speech: Speech | None = None
        self.protected = False
        """It must be heard to its end: neither held nor cut."""
        self._all_heard = False  # of what is on record
        self._playout, self._transcript = playout, transcript

    # --- transitions ------------------------------------------------------------------------------------------------

    def adopt(self, decided_ms: int, now: int) -> list[Action]:
        """SPECULATIVE -> LIVE: the caller has said what it answers."""
        assert self.state is TurnState.SPECULATIVE
        assert self.generation is not None
        self.state = TurnState.LIVE
        self.generation.decided_ms, self.generation.progress_ms = decided_ms, now
        self._transcript.agent(self.number, "")
        return self._playout.release(self.number, now)

    def drop(self) -> list[Action]:
        """SPECULATIVE -> DONE: nothing of it was heard, and nothing of it is remembered."""
        assert self.state is TurnState.SPECULATIVE
        assert self.generation is not None
        self.state = TurnState.DONE
        actions = self.generation.cancel(self.number)
        if self.speech is not None:
            actions += self.speech.drop()
        self._playout.forget(self.number)
        return actions

    def give_up(self) -> list[Action]:
        """LIVE -> SETTLING or DONE: no more is generated. What was said of it is still played; a tool that runs
        finishes."""
        assert self.state is TurnState.LIVE
        assert self.generation is not None
        self.state = TurnState.SETTLING if self.speech is not None or self._running else TurnState.DONE
        self.outcome = Outcome.FAILED
        return self.generation.stop(self.number)

    def end_unsaid(self) -> None:
        """LIVE -> DONE: the model has finished, and there is nothing to say."""
        assert self.state is TurnState.LIVE
        self.state, self.outcome = TurnState.DONE, Outcome.SILENT

    def cut(self) -> list[Action]:
        """LIVE -> CUT or DONE: the caller has the floor."""
        assert self.state is TurnState.LIVE
        assert self.generation is not None
        self.state = TurnState.CUT if self._running else TurnState.DONE
        self.outcome = Outcome.HEARD if self.generation.ended and self._all_heard else Outcome.CUT
        return self.generation.stop(self.number)

    def settle(self) -> bool:
        """What was said has been played and is on record: a reply that is over, and a fixed phrase, is DONE. Returns
        whether it was a reply."""
        replied = self.state is TurnState.LIVE and self.generation is not None and self.generation.ended
        if replied or (self.state is TurnState.SETTLING and not self._running):
            self.state = TurnState.DONE
        if replied:
            self.outcome = Outcome.HEARD if self._all_heard else Outcome.UNHEARD
        return replied

    def record(self, text: str, *, interrupted: bool) -> list[Action]:
        """What was heard of it enters the record; its audio is freed."""
        self._transcript.agent(self.number, text, interrupted)
        self.speech, self.protected, self._all_heard = None, False, not interrupted
        self._playout.forget(self.number)
        return [LineAdded("agent", text, self.number, interrupted)] if text else []

    # --- the model's part -------------------------------------------------------------------------------------------

    def delta(self, text: str, now: int) -> None:
        """More text; complete units are pending."""
        assert self.generation is not None
        self.generation.add(text, now)

    def generated(self, event: ReplyEnded, now: int) -> None:
        """The model has finished. When it was cut short, half a sentence is better not begun."""
        assert self.generation is not None
        begun = self.speech is not None or bool(self.generation.pending)
        self.generation.end(now, keep_rest=not (event.finish is Finish.LENGTH and begun))

    def tool_finished(self, event: ToolFinished, now: int) -> tuple[list[Action], bool]:
        """A tool's result enters the history. CUT -> DONE after the last one. Also returns whether it came late."""
        used = self.generation.tool_finished(event, now) if self.generation is not None else None
        if used is None or self.generation is None:
            return [], False
        late = used.tool_call_id in self.generation.late
        (self._transcript.returned if late else self._transcript.tool)(self.number, used)
        if self._running or self.state in (TurnState.LIVE, TurnState.SPECULATIVE):
            return [], late
        if self.speech is None:
            self.state = TurnState.DONE
        return [CancelReply(self.number)], late

    def stop_waiting(self, since_ms: int) -> None:
        """The conversation goes on without the tools that run since then or longer; the history says so."""
        if self.abandoned and self.generation is not None and self.generation.progress_ms <= since_ms:
            for used in self.generation.all_late():
                self._transcript.tool(self.number, used)

    @property
    def unfinished(self) -> bool:
        """No reply any more, but one of its tools still runs."""
        return self.state in (TurnState.SETTLING, TurnState.CUT) and self._running

    @property
    def abandoned(self) -> bool:
        """It is unfinished, and the next answer waits for it."""
        return self.unfinished and self.generation is not None and self.generation.awaited

    @property
    def _running(self) -> bool:
        return self.generation is not None and bool(self.generation.running)

    # --- the voice's part -------------------------------------------------------------------------------------------

    def say(self, unit: Unit, limits: Limits, now: int) -> list[Action]:
        """Hands one more unit to the voice."""
        return self._speaking(limits, now).say(unit, now)

    def finish(self, now: int) -> list[Action]:
        """No more text will come."""
        assert self.speech is not None
        return self.speech.finish() + self._follow(self.speech, now)

    def play(self, phrase: Phrase, written: str, limits: Limits, now: int, *, first: bool) -> list[Action]:
        """Says a phrase whose audio is in stock; `first`: before what waits for its audio."""
        (self._playout.open_first if first else self._playout.open)(self.number)
        self._speaking(limits, now).units.append(Unit(written, phrase.text))
        self._playout.align(self.number, phrase.text, phrase.ends_ms, 0)
        return self._playout.add(self.number, phrase.pcmu, now) + self._playout.close(self.number, now)

    def speak(self, text: str, spoken: str, limits: Limits, now: int, *, first: bool = False) -> list[Action]:
        """Says a phrase that is not in stock; `first` as in `play`."""
        (self._playout.open_first if first else self._playout.open)(self.number)
        speech = self._speaking(limits, now)
        return speech.say(Unit(text, spoken), now) + speech.finish()

    def audio(self, event: SpeechAudio, now: int) -> list[Action]:
        """More audio of the attempt under way."""
        if (speech := self._attempt(event.attempt)) is None:
            return []
        self._playout.open(self.number).waiting = self.state is TurnState.SPECULATIVE
        self._playout.align(self.number, event.text, event.ends_ms, speech.base)
        actions = self._playout.add(self.number, event.pcmu, now)
        return actions + speech.audio(event.pcmu, event.text, event.ends_ms, now) + self._follow(speech, now)

    def context_ended(self, attempt: int, now: int, *, lost: bool, retryable: bool) -> tuple[list[Action], str]:
        """The context is over or lost. Also returns the text that had to be given up, usually ""."""
        if (speech := self._attempt(attempt)) is None:
            return [], ""
        actions = speech.lost(retryable, now) if lost else speech.ended(now)
        return actions + self._follow(speech, now), speech.unspoken

    def tick(self, now: int) -> tuple[list[Action], str]:
        """Looks after the deadline of its speech. Also returns the text that had to be given up, usually ""."""
        speech = self.speech
        if speech is None or speech.deadline is None or speech.deadline > now:
            return [], ""
        return speech.deadline_reached(now) + self._follow(speech, now), speech.unspoken

    def _speaking(self, limits: Limits, now: int) -> Speech:
        if self.speech is None:
            self.speech = Speech(
                self.number, attempts=limits.speech_attempts, close_after_ms=limits.speech_close_ms, now=now
            )
        return self.speech

    def _attempt(self, attempt: int) -> Speech | None:
        """The speech, if `attempt` is the one under way; audio of any other is stale."""
        return self.speech if self.speech is not None and self.speech.current(attempt) else None

    def _follow(self, speech: Speech, now: int) -> list[Action]:
        """The track follows the speech: a new attempt, an end."""
        if speech.attempt != speech.base_attempt:
            speech.base_attempt, speech.base = speech.attempt, self._playout.new_attempt(self.number, speech.kept)
        return self._playout.close(self.number, now) if speech.coming is Coming.NOTHING else []

    def hush(self, chars: int, now: int) -> list[Action]:
        """No more than the first `chars` characters are said of its text so far. It may say more."""
        return self.speech.skip(chars) + self._follow(self.speech, now) if self.speech is not None else []

    # --- what was heard ---------------------------------------------------------------------------------------------

    def heard(self, now: int) -> bool:
        """Some of it has provably been heard."""
        return self.number in self._playout.tracks and bool(self._playout.heard(self.number, now))

    def played(self) -> bool:
        """All its audio has come and was played."""
        track = self._playout.tracks.get(self.number)
        return self.speech is not None and track is not None and track.finished()

    def whole(self) -> bool:
        """Nothing of it was dropped or given up."""
        track = self._playout.tracks.get(self.number)
        return self.speech is not None and not self.speech.unspoken and track is not None and not track.cut

    def heard_text(self, now: int) -> str:
        """The words of it that were provably heard."""
        if self.number not in self._playout.tracks:
            return ""
        return self.line(self._playout.heard_chars(self.number, now), whole=False)

    def line(self, chars: int, *, whole: bool) -> str:
        """The words within the first `chars` characters spoken, white space not counted; all of them if `whole`."""
        units = self.speech.units if self.speech is not None else []
        return heard_text(tuple((unit.written, unit.spoken) for unit in units), chars, whole)

    def under_way(self, now: int) -> Unit | None:
        """The unit that is being heard; None if all were."""
        chars = self._playout.heard_chars(self.number, now)
        return self.speech.under_way(chars)[1] if self.speech is not None else None
