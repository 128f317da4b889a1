"""Voices behind the caller: somebody else in the room, or a television, says a sentence that the recogniser gets right.

The caller has asked a question, so their level is known. The other voice, of another speaker and `-gain_db` quieter,
comes while the agent answers, or in the silence after a short answer. It is tolerated if it is neither answered nor
stops the agent for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from telephony.testing.simulator import CHAR_MS
from tests.bench.turns.corpus import BEHIND, VOICES, Caller, Recipe
from tests.bench.turns.parts import HALF, Split
from tests.bench.turns.sentences import STATEMENTS
from tests.bench.turns.strangers import strangers

SENTENCES = (
    "Have you seen my keys anywhere?", "Dinner will be ready in ten minutes.",
    "The next train to Oxford leaves from platform four.", "Did you feed the cat this morning?",
    "And now the weather for the weekend.", "Put that down, it isn't yours.",
    "Who was that on the phone?", "We're out of milk again.",
    "Is anybody sitting here?", "I'll be back before six, all right?",
    "The minister refused to comment on the report.", "Could you turn the music down a bit?",
    "Mum, where are my trainers?", "No, leave it on the table.",
    "I told him twice and he still forgot.", "They're three points ahead with a minute to go.",
    "Shall we take the bus or walk?", "It was twenty pounds and I paid him forty.",
    "Coffee for Daniel, please.", "Stop it, both of you.",
    "Wait for me at the corner.", "What do you want for your birthday?",
    "You can't park there, mate.", "There's somebody at the door.",
)  # fmt: skip
SHORT_ANSWERS = ("It costs ninety euros.", "We are on the second floor.", "That takes half an hour.")
SCENES = 30
"""Of each place and part."""


def voices_behind(split: Split, seed: int, quieter_db: tuple[int, int]) -> list[Recipe]:
    """Half of them speak while the agent talks. Each is quieter than the caller by a number between the two."""
    rng = Random(f"{seed}/{split}/{quieter_db}")
    voices = VOICES.get(split) or strangers()
    own = SENTENCES[HALF[split] :: 2]
    return [
        _scene(split, f"{place}/{number}", own[number % len(own)], after, voices, quieter_db, rng)
        for place, after in (("during", False), ("after", True))
        for number in range(SCENES)
    ]


def _scene(
    split: Split, name: str, text: str, after: bool, voices: Sequence[str], quieter_db: tuple[int, int], rng: Random
) -> Recipe:
    answer = rng.choice(SHORT_ANSWERS if after else STATEMENTS)
    gap_ms = rng.randrange(1_500, 6_000)
    mine, other = rng.sample(voices, 2)
    return Recipe(
        f"{split}/{BEHIND}/{quieter_db[1]}/{name}",
        BEHIND,
        split,
        Caller(mine, rng.randrange(145, 191, 5), rng.randrange(30, 66, 5), rng.uniform(-27, -17)),
        answer,
        len(answer) * CHAR_MS + gap_ms // 4 if after else gap_ms,
        ((text, text),),
        gain_db=-rng.uniform(*quieter_db),
        opens=True,
        seed=rng.randrange(2**31),
        behind=Caller(other, rng.randrange(145, 191, 5), rng.randrange(30, 66, 5), 0.0),
    )
