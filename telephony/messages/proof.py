"""A code that proves a number: sent to it as a message, and said or keyed by whoever is on the line. Pure.

Six digits, `TRIES` tries each, valid for `VALID_MS`, at most `CODES` codes, and one number in a call: whoever guesses
has six chances in a million.
"""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum

DIGITS = 6
TRIES = 3
CODES = 2
VALID_MS = 10 * 60_000


class Answer(StrEnum):
    """What came of a code that somebody gave. The values are for the model."""

    PROVEN = "The code is right: the number is proven."
    WRONG = "The code is wrong. Ask the caller to read it again, digit by digit."
    NO_MORE_TRIES = "The code was wrong too often. Nothing can be proven with it any more."
    EXPIRED = "The code is too old."
    NOT_A_CODE = "That is no code: it has six digits. Ask the caller for them."
    NONE_SENT = "No code has been sent yet."


@dataclass(frozen=True, slots=True)
class Proof:
    """The state of a call. `on_file`: the number was not the caller's to name, but the one that the operator has."""

    number: str = ""
    on_file: bool = False
    code: str = ""
    sent_ms: int = 0
    codes: int = 0
    tries: int = 0
    proven: bool = False


def sent(proof: Proof, number: str, code: str, now_ms: int, *, on_file: bool) -> Proof:
    """The state when a code is about to be sent, which replaces the one before."""
    return Proof(number, on_file, code, now_ms, proof.codes + 1)


def refusal(proof: Proof, number: str) -> str:
    """Why no code can be sent to the number now, for the model; "" if one can."""
    if proof.number and proof.number != number:
        return "A code was sent to another number in this call: only one number can be proven."
    if proof.proven:
        return "The number is proven already: no code is needed."
    if proof.codes >= CODES:
        return "No more codes are sent in this call."
    return ""


def tried(proof: Proof, given: str, now_ms: int) -> tuple[Proof, Answer]:
    """The state after somebody has given a code, and what came of it."""
    if not proof.code:
        return proof, Answer.PROVEN if proof.proven else Answer.NONE_SENT
    digits = _digits(given)
    if len(digits) != DIGITS:
        return proof, Answer.NOT_A_CODE
    if now_ms - proof.sent_ms > VALID_MS:
        return proof, Answer.EXPIRED
    if proof.tries >= TRIES:
        return proof, Answer.NO_MORE_TRIES
    if hmac.compare_digest(digits, proof.code):
        return replace(proof, code="", proven=True), Answer.PROVEN
    proof = replace(proof, tries=proof.tries + 1)
    return proof, Answer.WRONG if proof.tries < TRIES else Answer.NO_MORE_TRIES


def _digits(given: str) -> str:
    """The digits of a code as it was said: `123 456`, `1-2-3-4-5-6`. "" if there is anything else in it."""
    plain = "".join(one for one in unicodedata.normalize("NFKC", given) if one not in " -.,\u2013\n\t")
    return plain if plain.isascii() and plain.isdecimal() else ""
