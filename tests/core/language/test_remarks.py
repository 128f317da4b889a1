"""Remarks: what listeners say beyond murmurs, and what looks like it but wants something."""

from __future__ import annotations

import pytest

from telephony.core.language.registry import language_for
from telephony.core.language.remarks import Remark, remark

WHOLE = {
    "en": "that's lovely/oh how wonderful/what a shame/oh that's a pity/very nice/okay that sounds great/no problem/"
    "you don't say/makes total sense/yeah that makes sense/good to know/that's nice of you/great news/"
    "thank you so much/ah that explains it/I see what you mean/that's all right/my goodness/0 I see/0 wonderful/"
    "oh no worries/no problem/no worries/what a shame/okay that makes sense/fair enough/that's a relief/that's fine/"
    "not bad/not a problem/no doubt/thank god/oh dear/that's incredible/that's fair/how kind of you/is that so/"
    "is it really/sounds great/works for me/that's a good idea/oh that's sad/oh my",
    "de": "ach wie schön/das ist ja toll/kein Ding/echt/gut zu wissen/Oh, wie schade!/"
    "nicht schlecht/das ist schön/ist das so/Gott sei Dank",
    "fr": "c'est super/pas mal/ah c'est gentil",
    "es": "qué bien/no hay problema/qué pena",
    "it": "che bello/davvero",
    "pt": "que bom/sem problemas",
    "nl": "wat leuk/geen punt",
}
OPEN = {"en": "is it/oh is it?/have they/does it/isn't it/yeah right/okay"}
"""Whole, and often the beginning of more: "is it open on Sundays", "okay, so"."""
BEGUN = {
    "en": "that's/that's really/oh that/what a/no/makes total/good to/okay that's/is/yeah that sounds/what/how/"
    "how good is it/oh no/of course not",
    "de": "das ist/kein",
}
NONE = {
    "en": "stop/wait/that's wrong/that's too expensive/nice but expensive/good morning/is that included/is it good/"
    "is there parking/are you there/can I/could you/what time/Anna/operator/five/tomorrow/"
    "no no no/yeah but/okay so when/that's my sister/great but no/good and the price/one more thing/I'm vegetarian/"
    "no way/not at all/you're kidding/that's crazy/that's terrible/oh my god/ouch/oh god/my god/that's awful/"
    "oh that's horrible/oh no way/no way that's crazy/good lord/how terrible/is that right/is it okay/is it fine/"
    "is that okay/was it good/okay is that fine/is this right/are they nice/on the right/to the right/at the right/"
    "the right/help/fire/nope/nah/oh ouch/"
    "that's terrible service/lovely but what does it cost/help me/again please//yes yes yes yes yes",
    "de": "Moment/halt/ist das gut/ist das okay/ist das wahr/um Gottes willen/das ist schrecklich/das ist ja verrückt/"
    "aua/Hilfe/das ist falsch/ist das weit/gut aber wann/lauter bitte",
    "fr": "attendez/mon Dieu/c'est pas vrai/c'est fou/c'est terrible/aïe/au secours/et le prix/c'est faux",
    "es": "espere/Dios mío/qué va/es terrible/qué horrible/ayuda/es caro/bueno pero cuándo",
    "it": "aspetti/Dio mio/è terribile/che orribile/aiuto/bene ma quando",
    "pt": "espere/meu Deus/é terrível/que horrível/socorro/é caro",
    "nl": "wacht even/mijn God/helemaal niet/dat is vreselijk/is dat goed/help/au/goed maar wanneer",
    "xx": "wonderful/that's lovely",
}
KINDS = {Remark.WHOLE: WHOLE, Remark.OPEN: OPEN, Remark.BEGUN: BEGUN, Remark.NONE: NONE}


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [(code, text, kind) for kind, table in KINDS.items() for code, texts in table.items() for text in texts.split("/")],
)
def test_what_is_a_remark(code: str, text: str, kind: Remark) -> None:
    """In its language; without data there are none."""
    assert remark(text, language_for(code)) is kind


@pytest.mark.parametrize(
    ("kind", "whole", "is_open"),
    [
        (Remark.NONE, False, False),
        (Remark.BEGUN, False, True),
        (Remark.WHOLE, True, False),
        (Remark.OPEN, True, True),
    ],
)
def test_the_kinds_of_remark(kind: Remark, whole: bool, is_open: bool) -> None:
    """An open one is whole, and may go on."""
    assert (kind.is_whole, kind.is_open) == (whole, is_open)
