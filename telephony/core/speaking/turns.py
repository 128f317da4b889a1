"""All turns of the agent that are not over, and what concerns more than one of them.

Theory of operation. A turn has a number, which rises. There is at most one reply (the LIVE turn), at most one
speculation beside it, and a few turns whose tools still run after a cut; fixed phrases come in between. What names
a turn that is not here any more is stale, and ignored. See turn.py for what happens inside one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from telephony.audio.frames import BYTES_PER_MS
from telephony.core.actions import Action, RefuseTool, StartReply
from telephony.core.decisions import (
    DropReason,
    MarksMissing,
    ModelSays,
    SpeculationBegun,
    SpeculationDropped,
    SpeculationUsed,
)
from telephony.core.events import Phrase, ReplyDelta, ReplyEnded, SpeechAudio, ToolFinished, ToolWanted
from telephony.core.history import STILL_RUNNING, History
from telephony.core.language.registry import language_for
from telephony.core.language.words import words
from telephony.core.policy import Policy, Speculate
from telephony.core.speaking.generation import Generation
from telephony.core.speaking.phrasing import Phrasing
from telephony.core.speaking.playout import Playout
from telephony.core.speaking.readiness import Readiness
from telephony.core.speaking.sentence_ends import writes_ordinals_with_dots
from telephony.core.speaking.speech import Coming, Unit
from telephony.core.speaking.trials import Trials
from telephony.core.speaking.turn import SpokenForm, Turn
from telephony.core.speaking.turn_state import TurnState
from telephony.core.transcript import Transcript

LATE_TURNS = 8
"""Maximum number of turns that are over but have a tool that still runs; with so many, no other tool runs."""
TOO_MANY = "Not done: too many tools are still running. Wait for their results."


class Turns:
    """See the module text. Methods that do something return the actions to perform, in order."""

    def __init__(self, policy: Policy, spoken_form: SpokenForm, last: int) -> None:
        self.transcript = Transcript()
        self.playout = Playout(policy.limits.mark_every_ms)
        self.trials = Trials(language_for(policy.language), policy.turn_taking)
        self.last = last
        """The highest turn number given out."""
        self.readiness = Readiness()
        self._turns: OrderedDict[int, Turn] = OrderedDict()  # in the order in which they began to be spoken
        self.settled_text = ""
        """What the agent was last heard to say, of what is over."""
        self._phrases: dict[str, Phrase] = {}
        self._policy = policy
        self._speculate_speech = policy.turn_taking.prepares is Speculate.SPEECH
        self._spoken_form = spoken_form
        self._fillers = 0  # that the caller has heard while waiting for the next reply

    # --- which turn is which ----------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Turn]:
        return iter(self._turns.values())

    def get(self, turn: int) -> Turn | None:
        """The turn, if it is not over."""
        return self._turns.get(turn)

    @property
    def reply(self) -> Turn | None:
        """The LIVE turn."""
        return self._in(TurnState.LIVE)

    @property
    def speculation(self) -> Turn | None:
        """The SPECULATIVE turn."""
        return self._in(TurnState.SPECULATIVE)

    @property
    def abandoned(self) -> Turn | None:
        """A turn that is no reply any more, but has a tool that still runs, for which the next answer waits."""
        for turn in self._turns.values():
            if turn.abandoned:
                return turn
        return None

    def unfinished(self) -> bool:
        """A turn that is no reply any more has a tool that still runs: its result may come at any time."""
        return any(turn.unfinished for turn in self._turns.values())

    def saying(self, turn: int) -> bool:
        """Something of the turn is said, and not played to its end."""
        return (found := self.get(turn)) is not None and found.speech is not None

    def heard(self, turn: int, now: int) -> bool:
        """Something of the turn has provably been heard."""
        return (found := self.get(turn)) is not None and found.heard(now)

    def speaking(self) -> Iterable[Turn]:
        """The turns that are said or being said, in the order in which they began; a speculation among them."""
        return [turn for turn in self._turns.values() if turn.speech is not None]

    def said(self) -> list[Turn]:
        """The same without a speculation, which may never be said."""
        return [turn for turn in self.speaking() if turn.state is not TurnState.SPECULATIVE]

    def live(self) -> bool:
        """The agent has something to say, or the model is at work on it."""
        for turn in self._turns.values():
            if turn.state is TurnState.LIVE or (turn.speech is not None and turn.state is not TurnState.SPECULATIVE):
                return True
        return False

    def _in(self, state: TurnState) -> Turn | None:
        """The turn in a state of which there is at most one. (A plain loop: this is asked several times a frame.)"""
        for turn in self._turns.values():
            if turn.state is state:
                return turn
        return None

    def unheard_reply(self, now: int) -> bool:
        """A reply is on its way of which the caller has heard nothing yet."""
        return (reply := self.reply) is not None and not reply.heard(now)

    @property
    def decided_ms(self) -> int | None:
        """When the turn was decided that the reply answers. (A plain loop as in `_in`.)"""
        for turn in self._turns.values():
            if turn.state is TurnState.LIVE and turn.generation is not None:
                return turn.generation.decided_ms
        return None

    def reply_heard_ms(self, now: int) -> int:
        """How much of the reply has provably been heard."""
        heard = (reply := self.reply) is not None and reply.number in self.playout.tracks
        return self.playout.heard(reply.number, now) // BYTES_PER_MS if reply is not None and heard else 0

    # --- replies ----------------------------------------------------------------------------------------------------

    def start(self, now: int, decided_ms: int) -> list[Action]:
        """Starts the reply to the history as heard: the speculation, if that is what it answers, or the next one.
        Nothing else is live."""
        history = self.transcript.history()
        actions = self._keep_speculation(history)
        if (speculation := self.speculation) is not None:
            return actions + self._adopt(speculation, decided_ms, now)
        turn = self._begin(TurnState.LIVE, generation := self._generation(decided_ms, now, history))
        generation.fillers, self._fillers = self._fillers, 0
        self.readiness.begun(turn.number, now)
        self.transcript.agent(turn.number, "")
        return [*actions, self._request(turn)]

    def speculate(self, text: str, now: int) -> list[Action]:
        """Prepares the reply to `text`, as if the caller had finished."""
        history = self.transcript.history(saying=text)
        turn = self._begin(TurnState.SPECULATIVE, self._generation(now, now, history))
        self.trials.begun += 1
        if self._speculate_speech:
            self.readiness.begun(turn.number, now)
        else:
            self.readiness.unknown()
        return [SpeculationBegun(turn.number, len(words(text))), self._request(turn)]

    def drop_speculation(self, why: DropReason, code: str = "") -> list[Action]:
        """The speculation is not wanted, if there is one."""
        if (speculation := self.speculation) is None:
            return []
        actions = [SpeculationDropped(speculation.number, why, code), *speculation.drop()]
        self._forget()
        return actions

    def upcoming(self, text: str) -> tuple[int, list[Action]]:
        """The number of the turn that will answer `text`: the speculation, if it does; it is dropped if not."""
        actions = self._keep_speculation(self.transcript.history(saying=text))
        speculation = self.speculation
        return self.last + 1 if speculation is None else speculation.number, actions

    def ask(self, reply: Turn, question: str, now: int) -> list[Action]:
        """A tool of the reply lets the agent ask something, after what the model has written so far."""
        if question and reply.generation is not None:
            reply.generation.add_aside(question, now)
        return self._say_pending(reply, now)

    def delta(self, event: ReplyDelta, now: int) -> list[Action]:
        """More text of a reply."""
        if (turn := self._generating(event.turn)) is None:
            return []
        turn.delta(event.text, now)
        self._judged(turn, now)
        return self._say_pending(turn, now)

    def ended(self, event: ReplyEnded, now: int) -> tuple[list[Action], bool]:
        """The model has finished. Also returns whether that left anything to say or do."""
        if (turn := self._generating(event.turn)) is None:
            return [], True
        turn.generated(event, now)
        self._judged(turn, now)
        if turn.generation is not None and turn.generation.is_ellipsis:
            return (self._unsaid(turn), True) if turn.speech is None else (self._all_said(turn, now)[0], False)
        if turn.state is TurnState.LIVE:
            return self._all_said(turn, now)
        if (generation := turn.generation) is not None and turn.speech is None and not generation.wanted:
            generation.pending = [unit for unit in generation.pending if self._spoken_form(unit)]
            if not generation.pending:
                return self.drop_speculation(DropReason.EMPTY), True
        return self._say_pending(turn, now), True

    def _judged(self, turn: Turn, now: int) -> None:
        """Remembers what the turn shows of whether the caller has finished, once it shows anything."""
        assert turn.generation is not None
        if (says := turn.generation.says) in (ModelSays.FINISHED, ModelSays.UNFINISHED):
            self.trials.said(turn.number, says, now)

    def _unsaid(self, turn: Turn) -> list[Action]:
        """The reply was an ellipsis: it is none. Once the end of the caller's turn is decided, an answer is owed."""
        assert turn.generation is not None
        if turn.state is TurnState.SPECULATIVE:
            self.trials.ellipsis(turn.generation.history)
            self.trials.unfinished += 1
            return self.drop_speculation(DropReason.UNFINISHED)
        turn.end_unsaid()
        self._forget()
        self.trials.ellipsis(self.transcript.history())
        self._fillers = turn.generation.fillers
        return []

    def give_up_reply(self, now: int) -> list[Action]:
        """Nothing more of the reply is generated; what was said of it stays."""
        if (reply := self.reply) is None:
            return []
        actions = self._say_pending(reply, now) + reply.give_up()
        if reply.speech is not None and reply.speech.coming is Coming.TEXT:
            actions += reply.finish(now)
        self._forget()
        return actions

    def tool_wanted(self, event: ToolWanted, now: int) -> list[Action]:
        """The model asks for a tool. What an earlier turn is still doing is not done a second time, nor what was done
        for a reply of which the caller has heard nothing that the model knows of."""
        turn = self.get(event.turn)
        if turn is None or turn.generation is None or turn.state not in _GENERATING:
            return []
        earlier = [one for one in self if one.unfinished]
        if any(one.generation is not None and one.generation.runs(event) for one in earlier):
            return [RefuseTool(event.turn, event.tool_call_id, STILL_RUNNING)]
        if len(earlier) >= LATE_TURNS:
            return [RefuseTool(event.turn, event.tool_call_id, TOO_MANY)]
        if (result := turn.generation.result_of(event, self.transcript.failed)) is not None:
            return [RefuseTool(event.turn, event.tool_call_id, result)]
        actions = turn.generation.tool_wanted(event)
        self._judged(turn, now)
        return actions

    def allow_tools(self, now: int) -> list[Action]:
        """The reply's tools that wait for permission may run. A speculation's wait until it is the reply."""
        if (reply := self.reply) is None or reply.generation is None:
            return []
        return reply.generation.allow_tools(reply.number, now)

    def tool_finished(self, event: ToolFinished, now: int) -> tuple[list[Action], bool]:
        """A tool has returned. Also returns whether it came late, so that the caller is to be told of its result."""
        if event.failed:
            self.transcript.failed.add(event.tool_call_id)
        actions, late = turn.tool_finished(event, now) if (turn := self.get(event.turn)) is not None else ([], False)
        self._forget()
        return actions, late

    def stop_waiting(self, now: int) -> None:
        """The next answer waits no longer for tools of earlier turns that have been running for a while."""
        for turn in self:
            turn.stop_waiting(now - self._policy.limits.filler_ms // 2)

    def _begin(self, state: TurnState, generation: Generation | None = None) -> Turn:
        self.last += 1
        turn = Turn(self.last, state, self.playout, self.transcript, generation)
        self._turns[self.last] = turn
        return turn

    def _generating(self, number: int) -> Turn | None:
        """The turn, if the model is at work on it; anything else is stale."""
        turn = self.get(number)
        if turn is None or turn.state not in _GENERATING or turn.generation is None or turn.generation.ended:
            return None
        return turn

    def _keep_speculation(self, history: History) -> list[Action]:
        """Drops the speculation unless it answers this history, or words that mean the same."""
        if (speculation := self.speculation) is None or speculation.generation is None:
            return []
        answers = speculation.generation.history
        return [] if self.trials.same(answers, history) else self.drop_speculation(DropReason.OTHER_WORDS)

    def _adopt(self, turn: Turn, decided_ms: int, now: int) -> list[Action]:
        assert turn.generation is not None
        self.trials.used += 1
        turn.generation.fillers, self._fillers = self._fillers, 0
        actions: list[Action] = [SpeculationUsed(turn.number, now - turn.generation.decided_ms)]
        actions += turn.adopt(decided_ms, now)
        return actions + (self._all_said(turn, now)[0] if turn.generation.ended else self._say_pending(turn, now))

    def _request(self, turn: Turn) -> StartReply:
        assert turn.generation is not None
        must_answer = self.trials.asks and not turn.generation.asks
        return StartReply(turn.number, turn.generation.history, must_answer)

    def _generation(self, decided_ms: int, now: int, history: History) -> Generation:
        phrasing = Phrasing(ordinals=writes_ordinals_with_dots(self._policy.language))
        return Generation(decided_ms, now, history, phrasing, asks=self.trials.asks and not self.trials.denied(history))

    def _say_pending(self, turn: Turn, now: int) -> list[Action]:
        """Hands units to the voice: of a speculation the first, if any; of the reply all."""
        actions, generation = list[Action](), turn.generation
        while generation is not None and generation.pending and self._may_speak(turn):
            written = generation.pending.pop(0)
            if spoken := self._spoken_form(written):
                self._opens(turn)
                actions += turn.say(Unit(written, spoken), self._policy.limits, now)
        return actions

    def _may_speak(self, turn: Turn) -> bool:
        return turn.state is not TurnState.SPECULATIVE or (self._speculate_speech and turn.speech is None)

    def _all_said(self, turn: Turn, now: int) -> tuple[list[Action], bool]:
        actions = self._say_pending(turn, now)
        if turn.speech is not None:
            return actions + turn.finish(now), True
        turn.end_unsaid()
        self._forget()
        return actions, turn.generation is not None and (turn.generation.ends_call or turn.generation.defers)

    # --- speaking ---------------------------------------------------------------------------------------------------

    def learn(self, phrases: tuple[Phrase, ...]) -> None:
        """The fixed phrases that are in stock."""
        self._phrases.update((phrase.name, phrase) for phrase in phrases)

    def greet(self, now: int) -> list[Action]:
        """Says the greeting, if there is one."""
        if not self._policy.greeting:
            return []
        actions = self.phrase("greeting", now, text=self._policy.greeting)
        if (greeting := self.get(self.last)) is not None:
            greeting.protected = self._policy.greeting_protected
        return actions

    def phrase(self, name: str, now: int, text: str = "", *, first: bool = False) -> list[Action]:
        """Says a fixed phrase, as turn `last`: from the stock if it is there, through the TTS if not. `first`: before
        what still waits for its audio."""
        actions = self.drop_speculation(DropReason.PHRASE)
        text = text or str(asdict(self._policy.wording)[name])
        turn, limits = self._begin(TurnState.SETTLING), self._policy.limits
        self._opens_line(turn, now, first=first)
        spoken = self._spoken_form(text) or text
        if (phrase := self._phrases.get(name)) is not None and phrase.text in (spoken, text):
            return actions + turn.play(phrase, text, limits, now, first=first)
        return actions + turn.speak(text, spoken, limits, now)

    def aside(self, text: str, now: int) -> list[Action]:
        """Says `text`, as turn `last`, before what still waits for its audio."""
        actions, turn = self.drop_speculation(DropReason.PHRASE), self._begin(TurnState.SETTLING)
        self._opens_line(turn, now, first=True)
        return actions + turn.speak(text, self._spoken_form(text) or text, self._policy.limits, now, first=True)

    def _opens_line(self, phrase: Turn, now: int, *, first: bool) -> None:
        """The line of a phrase; `first`: it is heard before a reply of which nothing was heard yet."""
        reply = self.reply if first else None
        before = reply.number if reply is not None and not reply.heard(now) else None
        self.transcript.agent(phrase.number, "", before=before)

    def audio(self, event: SpeechAudio, now: int) -> list[Action]:
        """Audio of a turn."""
        self.readiness.audio(event.turn, now)
        return turn.audio(event, now) if (turn := self.get(event.turn)) is not None else []

    def context_ended(
        self, number: int, attempt: int, now: int, *, lost: bool = False, retryable: bool = True
    ) -> tuple[list[Action], bool]:
        """The context is over or lost. Also returns whether text had to be given up that the caller waits for."""
        if (turn := self.get(number)) is None:
            return [], False
        actions, unspoken = turn.context_ended(attempt, now, lost=lost, retryable=retryable)
        missed, missing = self._missed(turn, unspoken)
        return actions + missed, missing

    @property
    def deadline(self) -> int | None:
        """When `speech_due` and `expect_marks` want to be called."""
        earliest = self._marks_overdue_ms
        for turn in self._turns.values():
            at = turn.speech.deadline if turn.speech is not None else None
            if at is not None and (earliest is None or at < earliest):
                earliest = at
        return earliest

    def speech_due(self, now: int) -> tuple[list[Action], bool]:
        """Looks after the deadlines of all speech. Also returns whether text had to be given up that the caller waits
        for."""
        ticked = [(turn, *turn.tick(now)) for turn in self.speaking()]
        actions, missing = [action for _, found, _ in ticked for action in found], False
        for turn, _, unspoken in ticked:
            more, missed = self._missed(turn, unspoken)
            actions, missing = actions + more, missing or missed
        return actions, missing

    def _missed(self, turn: Turn, unspoken: str) -> tuple[list[Action], bool]:
        """The TTS has given `unspoken` up. A speculation is dropped for it, and nobody misses it."""
        if not unspoken:
            return [], False
        if turn.state is TurnState.SPECULATIVE:
            return self.drop_speculation(DropReason.NO_SPEECH), False
        return [], True

    def _opens(self, turn: Turn) -> None:
        """What begins to be spoken comes after what is being spoken."""
        if turn.speech is None:
            self._turns.move_to_end(turn.number)

    # --- stopping and settling --------------------------------------------------------------------------------------

    def cut(self, now: int, *, early: bool = False) -> list[Action]:
        """The caller has the floor: silence, nothing more is generated, and the record says what was heard. `early`:
        the reply was begun too early, and the caller goes on; the question before it still stands."""
        actions = self.drop_speculation(DropReason.CUT)
        chars = {turn: self.playout.heard_chars(turn, now) for turn in self.playout.tracks}
        actions += self.playout.cut(now)
        reply = self.reply
        for turn in self.speaking():
            assert turn.speech is not None
            actions += turn.speech.drop()
            whole, settled_text = turn.whole(), self.settled_text
            actions += self._record(turn, turn.line(chars.get(turn.number, 0), whole=whole), interrupted=not whole)
            if early and turn is reply:
                self.settled_text = settled_text
                self.transcript.came_early(turn.number)
            if turn is not reply:
                turn.settle()
        if reply is not None:
            actions += reply.cut()
        self._forget()
        return actions

    def hush(self, now: int) -> list[Action]:
        """Silence: what is being said is not said to its end. A reply under way goes on, and may say more."""
        chars = {turn: self.playout.heard_chars(turn, now) for turn in self.playout.tracks}
        actions = self.drop_speculation(DropReason.CUT) + self.playout.cut(now, goes_on=True)
        for turn in self.speaking():
            assert turn.speech is not None
            heard = chars.get(turn.number, 0)
            if turn.state is TurnState.LIVE and turn.generation is not None and not turn.generation.ended:
                actions += turn.hush(heard, now)
                continue
            whole = turn.speech.under_way(heard)[1] is None
            actions += turn.speech.drop()
            actions += self._record(turn, turn.line(heard, whole=whole), interrupted=not whole)
            turn.settle()
        self._forget()
        return actions

    def settle(self, now: int) -> tuple[list[Action], bool]:
        """Settles what has been played to its end. Also returns whether that was a reply, not only a fixed phrase."""
        played = [turn for turn in self._turns.values() if turn.played()]
        if not played:
            return [], False
        actions, replied = list[Action](), False
        for turn in played:
            whole = turn.whole()
            text = turn.line(self.playout.heard_chars(turn.number, now), whole=whole)
            actions += self._record(turn, text, interrupted=not whole)
            replied = turn.settle() or replied
        self._forget()
        return actions, replied

    def expect_marks(self, now: int) -> list[Action]:
        """Marks that should have come back long ago will not come any more."""
        overdue = self._marks_overdue_ms
        if overdue is None or overdue > now:
            return []
        self.playout.give_up(now)
        return [MarksMissing(self.last)]

    @property
    def _marks_overdue_ms(self) -> int | None:
        """When the marks that are outstanding are given up."""
        return self.playout.overdue_ms(self._policy.limits.goodbye_ms)

    def _record(self, turn: Turn, text: str, *, interrupted: bool) -> list[Action]:
        self.settled_text = text or self.settled_text
        return turn.record(text, interrupted=interrupted)

    def _forget(self) -> None:
        for number in [turn.number for turn in self if turn.state is TurnState.DONE]:
            del self._turns[number]


_GENERATING = (TurnState.LIVE, TurnState.SPECULATIVE)
