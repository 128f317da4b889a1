"""Recorded calls: written as they go, read, replayed, heard.

A tape is one folder:

    tape.jsonl    a header line, then a line for each step of the core, then an end line
    caller.ulaw   every frame of the caller as it came, one after the other: mu-law, 8 kHz, no header
    agent.ulaw    the agent's speech as it was synthesised: what was sent is pieces of it

All three are only ever appended to. A step is `[seq, now_ms, event, [action, ...]]`, where an event or action is
`[name, value, ...]` with its values in the order of the header's `vocabulary`. Audio is a reference into the files:
`["caller", offset, length]`, `["agent", offset, length]`, or `["silence", length]`. A history is what changed of it:
`[number of entries kept from the history before, [entry, ...]]`. Other lines are objects: `{"lost": ...}` where steps
could not be written, and `{"end": ...}`, the last one.

    codec      events and actions <-> plain data, by name      recorder  an observer that writes
    format     header, versions, policy as data                reader    a folder -> `Tape`, with what is damaged
    replay     a tape's events into a fresh core               audio     both sides as heard
    step_text  steps in words                                  bless     accept a change of decisions
    timeline   what happened, as plain values to assert on     save      a tape becomes a test
    rehearsal/ the caller as recorded, new decisions: `world` and `providers` answer the core from what the tape knows
               of them, in the order of `schedule`; `report` tells of it. `compare` holds both calls against each other
    redaction/ personal data goes, timings stay: `personal_data` finds it in text, `caller_side` in what the caller said
"""
