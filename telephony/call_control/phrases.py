"""What is said to people who are called for a transfer, in each language: by the carrier's voice, and as the greeting
of the briefing. `{about}` is what the agent has noted about the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from telephony.core.language.codes import primary


@dataclass(frozen=True, slots=True)
class Phrases:
    """`briefing` opens the call to a person (warm), `whisper` is said before a call is taken by key (cold). The others
    are the last words to a person who is not joined, and `thanks` the only words to one who is."""

    briefing: str
    whisper: str
    thanks: str
    caller_gone: str
    never_mind: str
    too_late: str


ENGLISH = Phrases(
    briefing="Hello, this is an automated assistant, calling on behalf of a caller who is on the line. {about} Can you "
    "take the call? Please say yes, or press one; say no, or press two, to decline.",
    whisper="This is an automated assistant with a call for you. {about} Press one to take it, or two to decline.",
    thanks="Thank you. One moment.",
    caller_gone="The caller has hung up. Goodbye.",
    never_mind="The caller does not want to be put through any more. Thank you. Goodbye.",
    too_late="The call has been taken care of in the meantime. Thank you. Goodbye.",
)
BY_LANGUAGE: Mapping[str, Phrases] = {
    "en": ENGLISH,
    "de": Phrases(
        briefing="Guten Tag, hier ist ein automatischer Assistent. Ich habe einen Anruf für Sie in der Leitung. "
        "{about} "
        "Können Sie das Gespräch annehmen? Sagen Sie ja oder drücken Sie die Eins; zum Ablehnen sagen Sie nein oder "
        "drücken die Zwei.",
        whisper="Hier ist ein automatischer Assistent mit einem Anruf für Sie. {about} Drücken Sie die Eins, um ihn "
        "anzunehmen, oder die Zwei, um abzulehnen.",
        thanks="Danke. Einen Moment.",
        caller_gone="Die anrufende Person hat aufgelegt. Auf Wiederhören.",
        never_mind="Die anrufende Person möchte nicht mehr verbunden werden. Danke. Auf Wiederhören.",
        too_late="Der Anruf hat sich inzwischen erledigt. Danke. Auf Wiederhören.",
    ),
    "es": Phrases(
        briefing="Hola, soy un asistente automático y tengo una llamada para usted en la línea. {about} ¿Puede "
        "atenderla? "
        "Diga sí o pulse uno; para rechazarla diga no o pulse dos.",
        whisper="Soy un asistente automático con una llamada para usted. {about} Pulse uno para atenderla o dos para "
        "rechazarla.",
        thanks="Gracias. Un momento.",
        caller_gone="La persona que llamaba ha colgado. Adiós.",
        never_mind="La persona que llamaba ya no desea que le pasemos. Gracias. Adiós.",
        too_late="La llamada ya se ha atendido. Gracias. Adiós.",
    ),
    "fr": Phrases(
        briefing="Bonjour, ici un assistant automatique. J'ai un appel pour vous en ligne. {about} Pouvez-vous "
        "le prendre ? "
        "Dites oui ou tapez un ; pour refuser, dites non ou tapez deux.",
        whisper="Ici un assistant automatique avec un appel pour vous. {about} Tapez un pour le prendre, ou deux pour "
        "refuser.",
        thanks="Merci. Un instant.",
        caller_gone="La personne qui appelait a raccroché. Au revoir.",
        never_mind="La personne qui appelait ne souhaite plus être mise en relation. Merci. Au revoir.",
        too_late="L'appel a été traité entre-temps. Merci. Au revoir.",
    ),
    "it": Phrases(
        briefing="Buongiorno, sono un assistente automatico e ho una chiamata per Lei in linea. {about} Può "
        "rispondere? Dica "
        "sì o prema uno; per rifiutare dica no o prema due.",
        whisper="Sono un assistente automatico con una chiamata per Lei. {about} Prema uno per rispondere o due per "
        "rifiutare.",
        thanks="Grazie. Un momento.",
        caller_gone="Chi chiamava ha riattaccato. Arrivederci.",
        never_mind="Chi chiamava non desidera più essere messo in contatto. Grazie. Arrivederci.",
        too_late="La chiamata nel frattempo è stata gestita. Grazie. Arrivederci.",
    ),
    "nl": Phrases(
        briefing="Goedendag, dit is een automatische assistent. Ik heb een beller voor u aan de lijn. {about} "
        "Kunt u het "
        "gesprek aannemen? Zeg ja of druk op één; zeg nee of druk op twee om te weigeren.",
        whisper="Dit is een automatische assistent met een gesprek voor u. {about} Druk op één om het aan te "
        "nemen, of op "
        "twee om te weigeren.",
        thanks="Dank u. Een ogenblik.",
        caller_gone="De beller heeft opgehangen. Tot ziens.",
        never_mind="De beller wil niet meer worden doorverbonden. Dank u. Tot ziens.",
        too_late="Het gesprek is inmiddels afgehandeld. Dank u. Tot ziens.",
    ),
    "pt": Phrases(
        briefing="Olá, sou um assistente automático e tenho uma chamada para si em linha. {about} Pode atender? "
        "Diga sim ou "
        "prima um; para recusar, diga não ou prima dois.",
        whisper="Sou um assistente automático com uma chamada para si. {about} Prima um para atender ou dois "
        "para recusar.",
        thanks="Obrigado. Um momento.",
        caller_gone="A pessoa que ligava desligou. Até logo.",
        never_mind="A pessoa que ligava já não quer ser transferida. Obrigado. Até logo.",
        too_late="A chamada já foi tratada. Obrigado. Até logo.",
    ),
}


def phrases(language: str) -> Phrases:
    """Those of a language; English, if there are none."""
    return BY_LANGUAGE.get(primary(language), ENGLISH)
