"""Murmurs: what listeners say in any language, and what is never one."""

from __future__ import annotations

import pytest

from telephony.core.language.registry import language_for
from telephony.core.language.words import backchannel, claims_the_floor, unfinished_backchannel, wants_the_floor

EVERYWHERE = """
ajá
aja
ya
bueno
muy bien
claro que sí
claro que si
claro
okay gut
stimmt
alles klar
voilà
voila
très bien
tres bien
ah bon
sì
va bene
oké
oke
ja hoor
tá bom
ta bom
isso
ja ja genau
ok, muy bien
sí sí claro
mhm mhm
oui oui d'accord
haan haan
hai
ठीक है
हाँ
vale vale
ah ok
yes
okay, ja
perfecto
sim sim
pois é
esatto
precies
dat klopt
ho capito
bien sûr
d’accord
Natürlich
natuerlich
ach so
verstehe
entiendo
entendi
capito
c'est ça
isso mesmo
está bem
de acuerdo
heel goed
ja precies
da
はい
네
对
"""

OWN = {
    "de": "super/danke/vielen Dank/ja klar/na klar/sehr gut/ach ja/ja stimmt/toll/prima/ganz genau/eben/"
    "ja, das stimmt/okay danke/ja verstehe ich/aha okay",
    "es": "gracias/genial/ya entiendo/sí señor/listo/dale/ah vale/sí, claro que sí/muchas gracias/"
    "correcto/así es/ok perfecto/ya veo/ah ya",
    "fr": "merci/ça marche/ah oui/c'est noté/parfait/bien entendu/je comprends/ah d'accord/oui merci/"
    "pas de souci/super/ok très bien/c'est vrai/hum",
    "it": "grazie/ottimo/ah ecco/certo che sì/infatti/giusto/capisco/benissimo/ok perfetto/è vero/"
    "sì sì certo/ah ok/grazie mille",
    "pt": "obrigado/legal/beleza/entendo/ah tá/pode ser/com certeza/claro que sim/ótimo/sim, claro/"
    "tudo bem/muito bem/ok obrigado",
    "nl": "dank u/prima/helder/zeker weten/ja natuurlijk/komt goed/fijn/ik snap het/ik begrijp het/oh ja/"
    "ah oké/ja ja/goed hoor/akkoord",
    "en": "gotcha/right right/I see/okay cool/sure thing/mm-hmm yes/understood/oh nice/got it thanks/"
    "great thank you/ah okay/interesting/makes sense/oh wow",
}
"""Said in one language."""

NEVER = {
    "de": "nein/stopp/stop/warte/moment mal/einen Moment/halt/ja aber/nein danke/entschuldigung/was/"
    "wie bitte/bitte?/falsch/ja warte",
    "es": "no/espera/espere/un momento/pero/sí pero/para/perdón/cómo/qué/oiga/basta/no gracias/ya no/bueno, espere",
    "fr": "non/attends/attendez/un instant/mais/oui mais/stop/pardon/quoi/comment/arrêtez/une minute/bon attendez",
    "it": "no/aspetta/aspetti/un attimo/ma/sì ma/basta/scusi/come/cosa/ferma/va bene ma",
    "pt": "não/nao/espera/espere/um momento/mas/sim mas/pare/desculpe/como/o quê/tá mas",
    "nl": "nee/wacht/wacht even/moment/maar/ja maar/stop/sorry/wat/hoe/ho",
    "en": "no/stop/wait/hold on/sorry/what/hang on/actually/excuse me/one moment/okay stop/yes please cancel",
}


def rows(table: dict[str, str]) -> list[tuple[str, str]]:
    """(language, text) of each text."""
    return [(code, text) for code, texts in table.items() for text in texts.split("/")]


@pytest.mark.parametrize("text", EVERYWHERE.strip().splitlines())
@pytest.mark.parametrize("code", ["en", "de", "es", "fr", "it", "pt", "nl", "hi", "xx"])
def test_a_murmur_is_known_in_every_language(code: str, text: str) -> None:
    """With its accents and without, alone and in combinations."""
    assert backchannel(text, language_for(code))
    assert not wants_the_floor(text, language_for(code))


@pytest.mark.parametrize(("code", "text"), rows(OWN))
def test_what_listeners_say_in_their_language(code: str, text: str) -> None:
    """Longer than murmurs, and not to be taken for anything in another language."""
    assert backchannel(text, language_for(code))


@pytest.mark.parametrize(("code", "text"), rows(NEVER))
def test_what_stops_people_is_no_murmur(code: str, text: str) -> None:
    """It claims the floor at once, with no wait for what it might become."""
    for other in (code, "en", "xx"):
        assert not backchannel(text, language_for(other))
        assert wants_the_floor(text, language_for(other))
    assert claims_the_floor(text, language_for(code))
    assert not unfinished_backchannel(text, language_for(code))


def test_a_phrase_counts_as_one_murmur() -> None:
    """Four in a row are listening; five are the beginning of a turn."""
    spanish = language_for("es")
    assert backchannel("sí, claro que sí, muy bien, de acuerdo", spanish)
    assert not backchannel("sí sí sí sí sí", spanish)
