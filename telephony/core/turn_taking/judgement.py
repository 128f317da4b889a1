"""How sure it is that the caller is done: the evidence that `endpointing.py` judges."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from telephony.core.turn_taking.question import AnswerContext


class ModelSays(StrEnum):
    """What the model says about the words: whether the caller is done with them."""

    NOTHING = ""
    UNFINISHED = "unfinished"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that tells whether the caller is done. `text`: the words; `context`: what they reply to; `final`: the STT
    has confirmed them, so that they have punctuation; `model`: what the model says; `voice`: what the end of the voice
    tells, in tenths of a nat of log-odds, 0 if nothing is known."""

    text: str = ""
    context: AnswerContext = field(default_factory=AnswerContext)
    final: bool = False
    model: ModelSays = ModelSays.NOTHING
    voice: int = 0
