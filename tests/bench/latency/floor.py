"""The latency of one answer, and the floor under it: what nobody could have avoided. Pure; all moments in ms.

    floor = max(decision, preparation)

    words        the last word's audio has been sent, and the recogniser's own delay for a partial has passed
    decision     the silence that the rule asked for, counted from the last voiced frame; never before `words`
    preparation  words + the model's first token + the rest of its first sentence + the voice's first audio;
                 with `llm` the voice, with `off` all of it, comes after the decision: that is what the switch says

Every number of a provider is what it was told to take for that very request; the last word's end is the generated
caller's label. Nothing in the floor comes from what the service did, but for the last voiced frame and the length of
the wait, which are the decision. So whatever the service wastes is above the floor: audio that goes to the recogniser
in pieces, a transcript waited for though a partial had it all, silence counted late, a reply prepared later than the
words were there, a request in a queue, audio on its way out.

The last voiced frame is the detector's last window of voice, as in the service's log. A window ends after the voice
does; `Answer.tail_ms` says how much, and `Answer.above_voice_ms` counts the whole once more from the voice itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the providers were told to take for one turn: partial after audio, first token after the request, the rest
    of the first sentence after that, first audio after its text."""

    partial_ms: int
    first_token_ms: int
    sentence_ms: int
    first_byte_ms: int

    @property
    def thought_ms(self) -> int:
        return self.first_token_ms + self.sentence_ms


@dataclass(frozen=True, slots=True)
class Moments:
    """When things happened. `voice_end`: the caller's last frame with voice, and `words_end`: that with the end of the
    last word, were sent (by the label); `known`: that word reached the core; `voiced`: the last voiced window did;
    `wait_ms`: the silence that the rule asked for; `started`: of the reply; `unit`: its first text was given to the
    voice; `audio`: that came back; `arrived`: it reached the carrier."""

    voice_end: int
    words_end: int
    known: int
    voiced: int
    wait_ms: int
    decided: int
    started: int
    unit: int
    audio: int
    arrived: int


@dataclass(frozen=True, slots=True)
class Floor:
    """See the module text."""

    words: int
    decision: int
    preparation: int

    @property
    def at(self) -> int:
        return max(self.decision, self.preparation)


def floor(moments: Moments, drawn: Drawn, speculate: str) -> Floor:
    """The floor under an answer, with `TurnTaking.speculate` as it was."""
    words = moments.words_end + drawn.partial_ms
    decision = max(moments.voiced + moments.wait_ms, words)
    thought = (decision if speculate == "off" else words) + drawn.thought_ms
    spoken_from = thought if speculate == "speech" else max(thought, decision)
    return Floor(words, decision, spoken_from + drawn.first_byte_ms)


STAGES = ("hearing", "deciding", "starting", "thinking", "voice", "sending")
"""hearing: the last word came later than it could; deciding: the decision came later than the floor's; starting: the
reply was begun later than its words were there (with `off`: than it was decided); thinking, voice: what the model and
the voice took on top of what they were told to take; sending: from the decision, or the audio if that was later, to
the carrier. They do not add up: preparing and deciding go on side by side."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One finished turn and its answer. `why`: the rule's; `waited_for`: what came last, `decision` or `audio`."""

    name: str
    why: str
    waited_for: str
    total_ms: int
    floor_ms: int
    tail_ms: int
    voice_total_ms: int
    above_voice_ms: int
    stages: dict[str, int]

    @property
    def above_ms(self) -> int:
        return self.total_ms - self.floor_ms


def answer(name: str, why: str, moments: Moments, drawn: Drawn, speculate: str) -> Answer:
    """The latency of an answer, above its floor, and where it went."""
    m, under = moments, floor(moments, drawn, speculate)
    by_voice = floor(replace(m, voiced=m.voice_end), drawn, speculate)
    text_from = m.started + drawn.thought_ms
    if speculate == "llm":
        text_from = max(text_from, m.decided)
    stages = {
        "hearing": m.known - under.words,
        "deciding": m.decided - under.decision,
        "starting": m.started - (m.decided if speculate == "off" else m.known),
        "thinking": m.unit - text_from,
        "voice": m.audio - m.unit - drawn.first_byte_ms,
        "sending": m.arrived - max(m.decided, m.audio),
    }
    return Answer(
        name,
        why,
        "decision" if m.decided >= m.audio else "audio",
        m.arrived - m.voiced,
        under.at - m.voiced,
        m.voiced - m.voice_end,
        m.arrived - m.voice_end,
        m.arrived - by_voice.at,
        stages,
    )
