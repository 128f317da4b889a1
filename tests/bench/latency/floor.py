"""The latency of one answer, and the floor under it, which no service could avoid. Pure; all moments in ms.

    floor = max(decision, preparation)

    words        the last word's audio has been sent, and the STT's latency for a partial has passed
    decision     the last voiced frame + the silence that the rule requires; not before `words`
    preparation  words + the LLM's first token + the rest of its first sentence + the TTS's first audio;
                 with `llm` the TTS does not start before the decision, with `off` neither does

The latency of each provider is the one it was set to for this very request, and the end of the last word is the
generated caller's label. Only the last voiced frame and the length of the wait, which define the decision, come from
the service. So any time that the service wastes is above the floor: audio sent to the STT in pieces, waiting for a
final when a partial had all the words, silence counted late, a reply prepared after its words were known, a request in
a queue, audio on its way out.

The last voiced frame is the last window that the detector took for voice, as in the service's reports. A window ends
later than the voice: `Answer.tail_ms` says by how much, and `Answer.above_voice_ms` counts from the voice itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Drawn:
    """The latencies that the providers were set to for one turn: from audio to its partial, from the LLM request to the
    first token, from there to the end of the first sentence, and from text to its first audio."""

    partial_ms: int
    first_token_ms: int
    sentence_ms: int
    first_byte_ms: int

    @property
    def text_ms(self) -> int:
        """From the LLM request to the end of the first sentence."""
        return self.first_token_ms + self.sentence_ms


@dataclass(frozen=True, slots=True)
class Moments:
    """When things happened. By the labels, the caller's last frame with voice was sent at `voice_end`, and the frame in
    which the last word ends at `words_end`. `known`: that word reached the core; `voiced`: the last voiced window did;
    `wait_ms`: the silence that the rule required; `decided`: the end of turn was; `started`: the LLM request was;
    `unit`: the first text went to the TTS; `audio`: its audio came back; `arrived`: that reached the carrier."""

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
    """The parts of the floor, as moments; see the module text."""

    words: int
    decision: int
    preparation: int

    @property
    def at(self) -> int:
        return max(self.decision, self.preparation)


def floor(moments: Moments, drawn: Drawn, speculate: str) -> Floor:
    """The floor under an answer, for this value of `TurnTaking.speculate`."""
    words = moments.words_end + drawn.partial_ms
    decision = max(moments.voiced + moments.wait_ms, words)
    written = (decision if speculate == "off" else words) + drawn.text_ms
    spoken_from = written if speculate == "speech" else max(written, decision)
    return Floor(words, decision, spoken_from + drawn.first_byte_ms)


STAGES = ("stt", "endpointing", "starting", "llm", "tts", "sending")
"""Delays in ms. stt, endpointing: from the floor's moment of the last word and of the decision to the actual one;
starting: from the last word (with `off`: the decision) to the LLM request; llm, tts: beyond the latency that each was
set to; sending: from the later of decision and audio to the carrier. They do not add up to a total, because the reply
is prepared while the decision is pending."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a finished turn. `why`: the rule that decided; `waited_for`: what came last, `decision` or `audio`.
    Times in ms: `total`, `floor` and `tail` as in bench.py, and the first two counted from the voice's labelled end."""

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
    """The latency of an answer, its floor, and the delays by stage."""
    m, under = moments, floor(moments, drawn, speculate)
    by_voice = floor(replace(m, voiced=m.voice_end), drawn, speculate)
    text_from = m.started + drawn.text_ms
    if speculate == "llm":
        text_from = max(text_from, m.decided)
    stages = {
        "stt": m.known - under.words,
        "endpointing": m.decided - under.decision,
        "starting": m.started - (m.decided if speculate == "off" else m.known),
        "llm": m.unit - text_from,
        "tts": m.audio - m.unit - drawn.first_byte_ms,
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
