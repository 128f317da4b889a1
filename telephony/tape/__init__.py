"""Recorded calls: written while they run, then read, replayed, and listened to.

A tape is one folder:

    tape.jsonl    a header line, then a line for each step of the core, then an end line
    caller.ulaw   every frame of the caller in the order of arrival: mu-law, 8 kHz, no header
    agent.ulaw    the agent's speech as it was synthesised; the audio that was sent refers to pieces of it

All three are append-only. A step is `[seq, now_ms, event, [action, ...]]`, where an event or action is
`[name, value, ...]` with its values in the order of the header's `vocabulary`. Audio is a reference into the files:
`["caller", offset, length]`, `["agent", offset, length]`, or `["silence", length]`. A history is stored as its change
from the history before: `[number of entries kept, [new entry, ...]]`. Other lines are objects: `{"lost": ...}` where
steps could not be written, and `{"end": ...}`, the last line.

    codec      events and actions <-> plain data, by name      recorder  an observer that writes
    format     header, versions, policy as data                reader    a folder -> `Tape`, with its damage
    replay     a tape's events into a fresh core               audio     both sides as heard
    step_text  steps in words                                  bless     accept changed decisions
    timeline   what happened, as plain values to assert on     save      turn a tape into a test
    rehearsal/ the recorded caller with new decisions: `world` and `providers` answer the core as the tape's services
               did, `virtual_time` runs it, `report` prints the result; `compare` compares the two calls
    redaction/ remove what was said, keep timings: `substitution` replaces words, `noise` the sound, and `redact` drives
               the recorded and the redacted call side by side

`Flag` and `Order` are what a list of tapes can be asked for.
"""

from __future__ import annotations

from enum import StrEnum


class Flag(StrEnum):
    """What a call may have been spoiled by. `damaged`: the tape is not whole."""

    DAMAGED = "damaged"
    FAILURE = "failure"
    NOT_HEARD = "not-heard"
    CUT_OFF = "cut-off"
    TALKED_OVER = "talked-over"
    TOOL_FAILED = "tool-failed"
    UNHEARD = "unheard"


class Order(StrEnum):
    """What a list is sorted by: the time of the call, its length, or its longest wait for an answer."""

    TIME = "time"
    LENGTH = "length"
    ANSWER = "answer"
