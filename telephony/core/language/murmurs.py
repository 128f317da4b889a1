"""What listeners murmur, and how people part, in many languages: whatever language a call is in, and whether there is
data for it or not, callers say "mhm" and "ok", and many murmur in their own language."""

from __future__ import annotations

MURMURS = frozenset(
    (
        "m mm mmm mhm mmhm mm-hm mm-hmm hm hmm uh-huh aha ah ok okay okey "
        "sí si vale claro ja genau jo oui ouais d'accord sim já certo haan han achha da tak jasne hai"
    ).split()
)
"""Said to show that one is listening."""

PARTINGS = frozenset(
    (
        "bye goodbye bye-bye ciao chao adiós adios tschüss tschüs tschau wiederhören wiedersehen revoir arrivederci "
        "tchau doei"
    ).split()
)
"""Said to end a call: a sentence with one of these in it is a goodbye."""
