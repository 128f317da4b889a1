"""Every number that decides something in a call, with its unit and its reason.

`TurnTaking` is how the agent listens and when it stops; `Limits` is what a call may cost; `Wording` is what the agent
says by itself. An agent may replace any of them (`Agent(turn_taking=..., limits=..., wording=...)`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields


@dataclass(frozen=True, slots=True)
class TurnTaking:
    """When the caller has finished, and when an interruption is one. Times in ms, probabilities in thousandths."""

    voiced_at: int = 500
    """A detector window at or above this is voice (the detector's own recommendation)."""
    unvoiced_below: int = 350
    """Below this a window is not voice any more; between the two, the last state holds."""
    onset_ms: int = 64
    """Voice for this long (two windows) is an onset: shorter is a click."""
    commit_after_ms: int = 240
    """Silence after which the transcript is asked for, ahead of the decision: its latency is hidden behind the rest."""
    end_of_turn_ms: int = 560
    """Silence that ends a turn. People pause 300-500 ms inside a thought."""
    transcript_wait_ms: int = 1_200
    """How long past the end of turn to wait for a transcript before the last partial is taken instead."""
    hold_after_ms: int = 160
    """Voice for this long while the agent is audible holds the playout (five windows)."""
    cut_after_ms: int = 900
    """Voice for this long while held is an interruption, whatever the words are."""
    resume_after_ms: int = 400
    """Silence for this long while held, with no words of an interruption, is a false alarm."""
    resume_wait_ms: int = 500
    """How much longer a resume waits when the sound was long enough to be a word and no transcript has come."""
    min_word_ms: int = 180
    """A sound with less voice than this cannot be a word; it neither starts a turn nor waits for a transcript."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a call may cost and how long anything may take. All in ms unless the name says otherwise."""

    call_ms: int = 30 * 60_000
    """Longest call."""
    call_warning_ms: int = 60_000
    """The warning comes this long before the end."""
    silence_prompt_ms: int = 10_000
    """The caller says nothing for this long after the agent has finished: asked once whether they are there."""
    silence_end_ms: int = 10_000
    """Still nothing this long after the question: a polite end."""
    filler_ms: int = 1_800
    """Nothing audible this long after a turn was decided: a short fixed phrase bridges the wait (promise: 2,500)."""
    reply_ms: int = 12_000
    """A reply with no audible progress for this long is given up with an apology."""
    apologies: int = 3
    """So many apologies in a row end the call: nobody wants to hear a fourth."""
    tool_ms: int = 15_000
    """Longest run of a tool."""
    tool_rounds: int = 8
    """Rounds of tool calls in one reply."""
    goodbye_ms: int = 2_000
    """How much longer than its audio a goodbye may take to come back as played before the call is ended anyway."""
    speech_close_ms: int = 1_500
    """A context whose audio does not cover its text is closed after this long without audio (close race)."""
    speech_attempts: int = 3
    """How often the text of one turn may be handed to the voice again."""
    mark_every_ms: int = 500
    """Marks come at least this often, so that what was heard is known this exactly."""
    frames_stop_ms: int = 200
    """After this long without a frame the caller's audio is unknown, and time goes on by the clock."""
    frames_dead_ms: int = 8_000
    """After this long without a frame the leg is dead."""
    keypad_ms: int = 1_500
    """Keys pressed within this time of each other are one entry."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The stock of fixed phrases: synthesised once, kept on disk, always ready. English defaults."""

    filler: str = "One moment, please."
    apology: str = "Sorry, something went wrong on my side. Could you say that again?"
    not_heard: str = "Sorry, I didn't catch that. Could you say it again?"
    still_there: str = "Are you still there?"
    silent_goodbye: str = "I can't hear you, so I'll hang up now. Please call again any time. Goodbye."
    time_warning: str = "We have about one minute left on this call."
    time_over: str = "We've reached the end of the time for this call. Thank you for calling. Goodbye."
    draining: str = "I'm sorry, I have to end this call now. Please call again in a few minutes. Goodbye."
    broken: str = "I'm sorry, I'm having technical trouble. Please call again in a few minutes. Goodbye."
    busy: str = "All our lines are busy at the moment. Please call again in a few minutes. Goodbye."
    provider_busy: str = "I'm sorry for the wait, there's a lot going on. One moment, please."
    goodbye: str = "Goodbye."


PHRASE_NAMES: tuple[str, ...] = tuple(f.name for f in fields(Wording))


@dataclass(frozen=True, slots=True)
class Policy:
    """All that the core needs to know of an agent."""

    greeting: str = ""
    """Said at once when the call starts; empty: the agent waits for the caller."""
    greeting_protected: bool = False
    """A protected greeting is not held or cut; what the caller says meanwhile is answered afterwards."""
    turn_taking: TurnTaking = field(default_factory=TurnTaking)
    limits: Limits = field(default_factory=Limits)
    wording: Wording = field(default_factory=Wording)
