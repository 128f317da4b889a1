"""Generation: the LLM's part of a turn, from its text to speakable units, and its tool calls.

Theory of operation. At most one reply is live. In addition there may be one *speculative* reply, prepared while it is
not yet certain that the caller has finished. It has a turn number and is generated like any other, but it runs no tool,
enters no history, and nothing of it is audible. If the caller's turn ends with the words that it answers, it becomes
the live reply; otherwise it is dropped, and its number stays unused.

A reply that is cut while one of its tools runs is *abandoned*: nothing more of it is spoken, but the tool finishes and
its result enters the history, so that the result is not lost and the model does not call the tool again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from telephony.core.actions import Action, CancelReply, RefuseTool, RunTool, StartReply
from telephony.core.events import ReplyDelta, ReplyEnded, ToolFinished, ToolWanted
from telephony.core.history import History, ToolUsed
from telephony.core.policy import END_CALL
from telephony.core.speaking.phrasing import Phrasing
from telephony.core.transcript import Transcript


@dataclass(slots=True)
class Reply:
    """The LLM's reply in one turn. `decided_ms`: when the caller's turn ended; `progress_ms`: when the reply last made
    progress; `history`: what it answers; `pending`: units not sent to the TTS yet."""

    turn: int
    decided_ms: int
    progress_ms: int
    history: History = ()
    phrasing: Phrasing = field(default_factory=Phrasing)
    pending: list[str] = field(default_factory=list)
    ended: bool = False
    wanted: ToolWanted | None = None  # a tool call that is neither allowed nor refused yet
    running: dict[str, ToolWanted] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)  # ids of all tool calls so far
    ends_call: bool = False
    fillers: int = 0


class Generation:
    """See the module text. Methods append their actions to `out`."""

    def __init__(self, transcript: Transcript, out: list[Action]) -> None:
        self.reply: Reply | None = None
        self.speculative: Reply | None = None
        self.abandoned: Reply | None = None
        self._transcript = transcript
        self._out = out

    def of(self, turn: int) -> Reply | None:
        """The reply of `turn` if it is live or speculative; None: the turn is stale."""
        return next(
            (reply for reply in (self.reply, self.speculative) if reply is not None and reply.turn == turn), None
        )

    # --- beginning and ending ---------------------------------------------------------------------------------------

    def begin(self, turn: int, history: History, decided_ms: int, now: int) -> None:
        self.reply = Reply(turn, decided_ms, now, history)
        self._out.append(StartReply(turn, history))

    def begin_speculation(self, turn: int, history: History, now: int) -> None:
        self.speculative = Reply(turn, now, now, history)
        self._out.append(StartReply(turn, history))

    def adopt(self, decided_ms: int, now: int) -> Reply:
        """Makes the speculative reply the live one, and returns it."""
        assert self.speculative is not None
        self.reply, self.speculative = self.speculative, None
        self.reply.decided_ms, self.reply.progress_ms = decided_ms, now
        return self.reply

    def drop_speculation(self) -> None:
        if self.speculative is not None and not self.speculative.ended:
            self._out.append(CancelReply(self.speculative.turn))
        self.speculative = None

    def stop(self) -> None:
        """Stops the live reply; it is abandoned if one of its tools is still running."""
        if (reply := self.reply) is None:
            return
        if reply.wanted is not None:
            self._out.append(RefuseTool(reply.turn, reply.wanted.tool_call_id, "The caller interrupted."))
            reply.wanted = None
        if reply.running:
            self.abandoned = reply
        elif not reply.ended:
            self._out.append(CancelReply(reply.turn))
        self.reply = None

    # --- text -------------------------------------------------------------------------------------------------------

    def delta(self, event: ReplyDelta, now: int) -> Reply | None:
        """Takes more text. Returns the reply, or None if the event was stale."""
        if (reply := self.of(event.turn)) is None or reply.ended:
            return None
        reply.progress_ms = now
        reply.pending += reply.phrasing.add(event.text)
        return reply

    def ended(self, event: ReplyEnded, now: int, *, spoken: bool) -> Reply | None:
        """The model has finished. `spoken`: some of the reply was sent to the TTS. Returns the reply, or None if the
        event was stale."""
        if (reply := self.of(event.turn)) is None or reply.ended:
            return None
        reply.ended, reply.progress_ms = True, now
        rest = reply.phrasing.end()
        if not (event.finish == "length" and (spoken or reply.pending)):  # do not speak half a sentence
            reply.pending += rest
        return reply

    # --- tools ------------------------------------------------------------------------------------------------------

    def tool_wanted(self, event: ToolWanted) -> None:
        reply = self.of(event.turn)
        if reply is None or reply.wanted is not None:
            return
        if event.tool_call_id in reply.asked:  # a repeated call must not run the tool twice
            self._out.append(RefuseTool(event.turn, event.tool_call_id, "This call was made already."))
            return
        reply.asked.add(event.tool_call_id)
        reply.wanted = event

    def allow_tool(self, now: int) -> None:
        """Allows the tool call that the live reply waits for. A speculative reply's waits until that reply is live."""
        if (reply := self.reply) is None or (wanted := reply.wanted) is None:
            return
        reply.wanted, reply.progress_ms = None, now
        reply.running[wanted.tool_call_id] = wanted
        reply.ends_call = reply.ends_call or wanted.name == END_CALL
        self._out.append(RunTool(reply.turn, wanted.tool_call_id))

    def tool_finished(self, event: ToolFinished, now: int) -> None:
        for reply in (self.reply, self.abandoned):
            if reply is not None and reply.turn == event.turn and event.tool_call_id in reply.running:
                wanted = reply.running.pop(event.tool_call_id)
                reply.progress_ms = now
                used = ToolUsed(wanted.tool_call_id, wanted.name, wanted.arguments, event.result, wanted.extra)
                self._transcript.tool(event.turn, used)
        if self.abandoned is not None and not self.abandoned.running:
            self._out.append(CancelReply(self.abandoned.turn))
            self.abandoned = None
