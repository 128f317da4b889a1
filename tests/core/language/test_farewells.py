"""What callers say in answer to the agent's goodbye: a goodbye of their own, or something new. In seven languages."""

from __future__ import annotations

import pytest

from telephony.core.language.farewells import is_farewell, parts
from telephony.core.language.registry import LANGUAGES, language_for

EN = language_for("en")

CLOSING = {
    "en": """
will do, bye
alright talk soon bye
thank you, you've been very helpful
no that's all thanks
perfect, thanks, see you tomorrow
okay thanks, I'll see you at eight
thank you so much for helping me with my order
great, that's everything I needed
cheers mate, bye now
no worries, have a good one
you too, take care
thanks Maria
okay bye bye, love you
I appreciate it, have a great rest of your day
awesome, thanks a bunch
that's wonderful, thank you
alright then
nope, I'm good, thanks
I'm all set, thank you
God bless you
thank you, goodbye
catch you later
speak to you on Monday then
looking forward to it, thanks
ok great
lovely, thank you very much indeed
you're a star, thanks
that was really quick, thank you
thanks for sorting that out so fast
goodnight
enjoy your weekend
all good, bye
thank you for your patience, it was nice talking to you
no, nothing else, thank you
fantastic, we'll be there at seven
yes, thank you, bye
thanks again
okay, I'll let you go
sounds good, talk to you later
thanks, I'll call back tomorrow
I couldn't have done it without you, thank you
have a blessed day
right, cheers, ta-ra
same to you and merry christmas
okay thank you sir, I'll wait for the email
thanks so much, really, you made my day
that's very kind of you
much obliged
bye! Thanks!
Thank you. Bye-bye.
okey dokey, bye
thank you, see you Friday at noon
nah that's it, cheers
brilliant, thanks ever so much
alrighty, thanks so much for everything
okay, will do, thank you
appreciate your help, bye
well, thank you very much for your time
perfect. see you then
great talking to you
thanks a million
you have a great day too
yup, that's it
okay, goodbye now
thanks honey, bye
excellent, I'm looking forward to it
that was very helpful
that helps a lot, thanks
right then, I'll see you later
good stuff, cheers
thank you kindly
okay I'll do that, thanks
you've answered all my questions, thank you
I think that's everything, thanks
that should be it, thank you
sweet, thanks dude
until next time
stay safe
wonderful, have a lovely day
bye for now
I'll be in touch, thanks
I'm happy with that, thank you
okay we'll see you on the fifteenth
you're welcome
oh, thank you, that's so sweet of you
nice one, thanks
good bye
no, I think that's all for today
yeah, thanks, you too
hope you have a good evening
""",
    "de": """
vielen Dank
danke auf Wiederhören
schönen Tag noch
danke, das war's
alles klar, bis morgen
nein danke, das ist alles
danke schön, Ihnen auch
super, vielen Dank für Ihre Hilfe
mach ich, tschüss
perfekt, dann bis Dienstag
Sie haben mir sehr geholfen, danke
ja gut, wiederhören
danke, einen schönen Abend noch
okay tschau
sehr nett von Ihnen, danke
wunderbar
Dankeschön, bis dann
bis zum nächsten Mal
gleichfalls
ja danke, schönes Wochenende
""",
    "es": """
muchas gracias
hasta luego
gracias, muy amable
no, eso es todo, gracias
perfecto, nos vemos mañana
gracias por todo
adiós, buen día
vale, hasta mañana
igualmente, gracias
nada más, gracias
ha sido muy amable, gracias
que tenga un buen día
muchísimas gracias por su ayuda
claro que sí, adiós
de acuerdo, chao
gracias a usted
buenas noches
genial, hasta el martes
listo, gracias
ok bye
""",
    "fr": """
au revoir
merci beaucoup
merci, bonne journée
non c'est tout, merci
parfait, à demain
merci pour votre aide
d'accord, au revoir
vous aussi, bonne soirée
très bien, merci bien
c'est gentil, merci
à bientôt
merci, vous êtes très aimable
super, merci, à mardi
merci infiniment, au revoir madame
bonne fin de journée
""",
    "it": """
grazie mille
arrivederci
grazie, buona giornata
no, è tutto, grazie
perfetto, a domani
grazie per l'aiuto
anche a lei
va bene, ci vediamo martedì
molto gentile, grazie
ciao ciao
d'accordo, buona serata
""",
    "pt": """
muito obrigado
até logo
obrigada, bom dia
não, é só isso, obrigado
perfeito, até amanhã
obrigado pela ajuda
igualmente
tá bom, tchau
valeu, até mais
tchau tchau
está bem, até terça
""",
    "nl": """
dank u wel
tot ziens
bedankt, fijne dag nog
nee, dat was het, dank u
prima, tot morgen
bedankt voor uw hulp
u ook
ja hoor, doei
oké, tot dinsdag
heel vriendelijk, dank je wel
fijne avond
""",
}
"""One a line."""

NEW = {
    "en": """
bye, oh wait, can you also send me an email
thanks, what time was that again
thanks but I need one more thing
no thanks, cancel it
oh and is there parking
actually, make it six people
thank you, and the address?
thanks, for four people
sorry, one more question
wait
no
great, do you have vegetarian food
thanks, my name is spelled with a k
okay but I wanted Tuesday
thank you, I'm allergic to nuts
hold on a second
could I speak to a human please
thanks, you got my name wrong
oh I forgot to tell you something
thanks, it should be eight not nine
what about tomorrow
please don't hang up
thanks, also book a taxi
perfect, and how much is it
bye, no wait
is the kitchen open on Sundays
thank you, does that include breakfast
okay, one last thing
that's not right
I said Thursday
thanks, change it to five thirty
hello?
are you still there
thank you, my phone number is 555 1234
before I go, where are you located
goodbye, hang on, which entrance
let me ask you something else
so the total is forty dollars
no thank you, I want a refund
thanks and tell Maria I'm late
cancel my order please
thanks, repeat the number
bye, how do I get there
thank you, is it free
thanks, I didn't get the confirmation
I'd like to change my booking
thanks, will you text me
okay thanks, who am I speaking with
thanks, the email is bob at gmail dot com
um, actually no
thanks, is there a dress code
bye... wait, did you get my number
okay thanks, but is it wheelchair accessible
great, now I need a taxi
thank you, can I bring my dog
no no no, that's wrong
thanks, we might be late
could you repeat that
thanks, and what's the address
alright, another thing
hey, are you a robot
thank you, what's your name
excuse me, I wasn't finished
thanks, where do I park
no, the other one
thank you, make that two rooms
thanks, under the name Miller
oh, and cancel the other booking
thanks, please send me a receipt
I think you misunderstood me
thanks, one moment
um, the date is wrong
thanks, it's actually for my mother
how long does it take
okay, put me through to sales
bye, I mean, no, hold the line
thank you, do I need to bring anything
thanks, does Maria work on Mondays
let's do eight instead
thanks, we're bringing a baby
can I ask something
thanks, I haven't paid yet
not so fast
I'd rather have the window table
what
thanks, remind me what I ordered
goodbye? I'm not done
thank you, one more thing, the wifi
you didn't answer my question
thanks, the twelfth not the twentieth
""",
    "de": """
warten Sie, ich habe noch eine Frage
moment mal
stopp
danke, wie spät war das nochmal
danke, aber ich brauche noch etwas
nein
nein danke, stornieren Sie das
kann ich noch etwas fragen
ach und gibt es Parkplätze
danke, können Sie mir die Adresse schicken
tschüss, ach halt, noch was
ich möchte lieber um acht
danke, für vier Personen
das ist falsch
was kostet das
haben Sie auch vegetarisches Essen
danke, ich bin allergisch gegen Nüsse
entschuldigung
hallo
nein, am Donnerstag
""",
    "es": """
espere, una pregunta
gracias, pero necesito otra cosa
no
¿a qué hora era?
gracias, a qué hora abren
no gracias, cancélela
espera
y también quiero una mesa para mañana
puede repetirlo
gracias, cuánto cuesta
oiga
perdone, la dirección
hay aparcamiento
adiós, ah espere, otra pregunta
para cuatro personas
no es correcto
gracias, soy alérgico a los frutos secos
me gustaría cambiar la hora
dónde están ustedes
mejor el jueves a las ocho
""",
    "fr": """
attendez, une question
merci, mais j'ai besoin d'autre chose
non
merci, c'est à quelle heure
non merci, annulez
attends
pouvez-vous répéter
je voudrais changer l'heure
au revoir, ah attendez
pour quatre personnes
il y a un parking
combien ça coûte
c'est pas ça
merci, je suis allergique aux noix
où êtes-vous situés
""",
    "it": """
aspetti, una domanda
grazie, ma ho bisogno di un'altra cosa
no
grazie, a che ora era
no grazie, annulli
aspetta
può ripetere
vorrei cambiare l'orario
quanto costa
c'è parcheggio
per quattro persone
""",
    "pt": """
espere, uma pergunta
obrigado, mas preciso de outra coisa
não
obrigado, que horas eram
não obrigado, cancele
espera
pode repetir
gostaria de mudar o horário
quanto custa
tem como mudar
para quatro pessoas
""",
    "nl": """
wacht even, een vraag
bedankt, maar ik heb nog iets nodig
nee
bedankt, hoe laat was dat
nee bedankt, annuleer maar
wacht
kunt u dat herhalen
ik wil de tijd veranderen
hoeveel kost het
is er parkeergelegenheid
voor vier personen
""",
}


def rows(table: dict[str, str]) -> list[tuple[str, str]]:
    """(language, text) of each line."""
    return [(code, line) for code, texts in table.items() for line in texts.strip().splitlines()]


@pytest.mark.parametrize(("code", "text"), rows(CLOSING))
def test_closing_talk_answers_a_goodbye(code: str, text: str) -> None:
    """Thanks, good wishes, praise, assent, "that's all": also while the words are still coming, after any of them."""
    language = language_for(code)
    assert is_farewell(text, language)
    said = text.split()
    for count in range(2, len(said) + 1):
        assert is_farewell(" ".join(said[:count]), language, begun=True), said[:count]


@pytest.mark.parametrize(("code", "text"), rows(NEW))
def test_something_new_is_no_answer_to_a_goodbye(code: str, text: str) -> None:
    """A question, a request, an objection or a figure, whatever else is said."""
    assert not is_farewell(text, language_for(code))


@pytest.mark.parametrize(
    "text", ["au revoir", "hasta luego", "muchas gracias", "vielen Dank", "grazie mille", "dank u wel"]
)
@pytest.mark.parametrize("code", [*LANGUAGES, "pl"])
def test_people_part_in_their_own_language(code: str, text: str) -> None:
    """Whatever the language of the call, and whether there is data for it or not."""
    assert is_farewell(text, language_for(code))


def test_one_unknown_word_may_stand_beside_thanks_only() -> None:
    """It is likely to be a name. After a "no" it may be what is wanted instead."""
    assert is_farewell("thanks Esmeralda", EN)
    assert not is_farewell("Esmeralda", EN)
    assert not is_farewell("thanks Esmeralda Alvarez", EN)
    assert not is_farewell("thanks, the invoice", EN)
    assert not is_farewell("no thanks, Esmeralda", EN)


def test_a_no_is_an_objection_unless_thanks_follow() -> None:
    """While words are still coming, they may."""
    assert not is_farewell("no", EN)
    assert is_farewell("no", EN, begun=True)
    assert is_farewell("no, thank you", EN)
    assert not is_farewell("thank you, no", EN)
    assert not is_farewell("no wait", EN, begun=True)


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_goodbye_of_the_fixed_phrases_is_known_as_one(code: str) -> None:
    """So is what people answer to it in the same words."""
    wording = language_for(code).wording
    assert wording is not None
    for phrase in (wording.goodbye, wording.silent_goodbye, wording.time_over, wording.draining, wording.broken):
        assert parts(phrase), phrase
    assert is_farewell(wording.goodbye, language_for(code))


@pytest.mark.parametrize(
    ("text", "is_goodbye"),
    [
        ("Have a wonderful evening!", True), ("Bye for now. We look forward to your visit.", True),
        ("Ihnen noch einen schönen Tag.", True), ("Que tenga un buen día.", True), ("À bientôt !", True),
        ("Até amanhã!", True), ("Fijne avond nog.", True), ("A presto!", True), ("See you tomorrow at eight.", True),
        ("Goodbye! Or is there anything else?", False), ("Thank you for calling Bella's.", False),
        ("Your table is booked.", False), ("Say goodbye to end the call. I am listening. What is it?", False),
    ],
)  # fmt: skip
def test_what_says_goodbye_in_any_language(text: str, is_goodbye: bool) -> None:
    """A question after it takes it back."""
    assert parts(text) is is_goodbye
