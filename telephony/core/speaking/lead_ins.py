"""Words that only lead in to what a reply says, in any language: they may be spoken on their own, before the rest is
there. In lower case, each followed by a comma where they are used."""

from __future__ import annotations

LEAD_INS: frozenset[str] = frozenset(
    # English
    "all right/alright then/of course/no problem/no worries/sure thing/very well/okay then/got it/i see/let me see/"
    "one moment/just a moment/thank you/thank you very much/thanks a lot/i'm sorry/i am sorry/certainly/absolutely/"
    "good question/"
    # German
    "alles klar/sehr gerne/natürlich gerne/natürlich/selbstverständlich/in ordnung/kein problem/vielen dank/"
    "tut mir leid/es tut mir leid/einen moment/einen augenblick/"
    # French
    "bien sûr/d'accord/très bien/pas de problème/merci beaucoup/je suis désolé/je suis désolée/certainement/un instant/"
    # Spanish
    "por supuesto/muy bien/de acuerdo/sin problema/muchas gracias/lo siento/claro que sí/un momento/"
    # Italian
    "certamente/va bene/d'accordo/nessun problema/grazie mille/mi dispiace/"
    # Portuguese
    "com certeza/muito bem/sem problema/muito obrigado/muito obrigada/sinto muito/claro que sim/"
    # Dutch
    "natuurlijk/geen probleem/heel goed/in orde/dank u wel/het spijt me/een ogenblik".split("/")
)
