"""German: what the agent says by itself, and the words of listeners and of goodbyes (see `language.py`)."""

from __future__ import annotations

from telephony.core.language.language import Language, Phrases, phrases, word_set
from telephony.core.language.wording import Wording

_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
"""As some recognisers write them."""


def _words(*texts: str) -> frozenset[str]:
    return word_set(*texts, *(text.translate(_SPELLED_OUT) for text in texts))


def _phrases(*texts: str) -> Phrases:
    return phrases(*texts, *(text.translate(_SPELLED_OUT) for text in texts))


GERMAN = Language(
    name="German",
    wording=Wording(
        filler="Einen Moment, bitte.",
        apology="Entschuldigung, da ist bei mir etwas schiefgegangen. Könnten Sie das bitte noch einmal sagen?",
        not_heard="Entschuldigung, das habe ich nicht verstanden. Könnten Sie das bitte wiederholen?",
        still_there="Sind Sie noch da?",
        silent_goodbye="Ich kann Sie leider nicht hören und lege jetzt auf. Rufen Sie gern jederzeit wieder an. "
        "Auf Wiederhören.",
        time_warning="Wir haben noch etwa eine Minute für dieses Gespräch.",
        time_over="Die Zeit für dieses Gespräch ist leider um. Vielen Dank für Ihren Anruf. Auf Wiederhören.",
        draining="Es tut mir leid, ich muss das Gespräch jetzt beenden. Bitte rufen Sie in ein paar Minuten noch "
        "einmal an. Auf Wiederhören.",
        broken="Es tut mir leid, ich habe gerade ein technisches Problem. Bitte rufen Sie in ein paar Minuten noch "
        "einmal an. Auf Wiederhören.",
        busy="Im Moment sind leider alle Leitungen belegt. Bitte rufen Sie in ein paar Minuten noch einmal an. "
        "Auf Wiederhören.",
        provider_busy="Entschuldigen Sie die Wartezeit, im Moment ist viel los. Einen Augenblick, bitte.",
        goodbye="Auf Wiederhören.",
        connecting="Ich verbinde Sie jetzt.",
        back="Hallo, hier bin ich wieder.",
    ),
    backchannels=_words(
        "danke super prima toll schön wunderbar perfekt klasse sicher gewiss eben freilich jap jep tja "
        "ach achso hmja sehr gerne gern okee logisch korrekt"
    ),
    backchannel_phrases=_phrases(
        "vielen dank/danke schön/danke sehr/gut so/ganz genau/so ist es/das ist gut/das ist richtig/ist gut/"
        "hab ich verstanden/habe ich verstanden/ich weiß/das passt/verstehe ich/passt so/sehr schön/na gut/na dann/"
        "ja bitte/alles gut/von mir aus/kein problem"
    ),
    remarks=_phrases(
        "na so was/na sowas/ach du meine güte/meine güte/gott sei dank/was sie nicht sagen/"
        "kein ding/keine ursache/nicht schlecht/gar nicht schlecht/ach je/oh je/ist das so/"
        "so so/soso/macht sinn/das macht sinn/ergibt sinn/hört sich gut an/klingt gut/freut mich/das freut mich/"
        "das tut mir leid/geht klar/wird gemacht/ist recht/ist okay/das ist okay/hab's verstanden/"
        "alles in ordnung/kein stress/wie gesagt/na klar doch/ja doch/genau so"
    ),
    assessments=_words(
        "gut toll schön super prima klasse nett lustig schade herrlich wunderbar traurig blöd interessant "
        "spannend "
        "fein gemein freundlich lieb genial großartig ausgezeichnet hervorragend fantastisch perfekt logisch klar "
        "verständlich praktisch seltsam komisch merkwürdig unglaublich erstaunlich echt "
        "wirklich ehrlich tatsächlich wahnsinn herrje hoppla oha uff hui puh passt okay ok in-ordnung angenehm "
        "erfreulich"
    ),
    before_assessments=_phrases(
        "das ist/das ist ja/das war/das klingt/das klingt ja/das wäre/das finde ich/ach wie/wie/sehr/ganz/so/echt/"
        "wirklich/"
        "na/ja/oh/ach/na das ist/was für ein/was für eine/ist/ist ja/total/richtig/das"
    ),
    after_assessments=_phrases("so/von ihnen/für sie/für mich/zu hören/zu wissen/danke"),
    urgent=_words(
        "hilfe feuer polizei notarzt krankenwagen rettungswagen notfall nö aua autsch schmerzen verletzt tot"
    ),
    before_nouns=_words("der die den dem ein eine auf in zu für von am an"),
    verb_first=_phrases("ist das/ist es/ist dies/war das/war es/wäre das/geht das/stimmt das/passt das/klingt das"),
    stops=_words(
        "nein nee ne nicht stopp stop halt warte warten warten moment momentchen augenblick sekunde entschuldigung "
        "entschuldigen verzeihung hallo he hey hören schluss aufhören pause bitte-warten aber falsch"
    ),
    weak=_words("der die das und es ist in für zu von ein eine eins zwei so aber auch am an auf da sie er wir"),
    farewells=_words(
        "danke dank dankeschön dankesehr merci bye ciao tschüss tschüssi tschau servus pfiat ade adieu "
        "wiederhören wiederschauen wiedersehen ebenfalls ebenso gleichfalls"
    ),
    farewell_phrases=_phrases(
        "vielen dank/herzlichen dank/besten dank/schönen dank/tausend dank/danke schön/danke sehr/auf wiederhören/"
        "auf wiedersehen/auf wiederschauen/bis bald/bis dann/bis später/bis nachher/bis morgen/bis übermorgen/"
        "bis gleich/bis zum nächsten mal/mach's gut/machen sie's gut/machen sie es gut/pass auf sich auf/"
        "alles gute/alles liebe/gute nacht/gute zeit/schönen tag/schönen abend/schönes wochenende/schöne woche/"
        "schönen feierabend/schönen nachmittag/guten tag noch/einen schönen/schönen/ihnen auch/dir auch/"
        "das war's/das wär's/das war alles/das wäre alles/das ist alles/sonst nichts/nichts mehr/nichts weiter/"
        "keine fragen mehr/ich bin zufrieden/kein problem/keine ursache/gern geschehen/nichts zu danken/"
        "mach ich/mache ich/wird gemacht/ich freue mich/freut mich/schöne grüße/liebe grüße/ich lege auf/"
        "nein danke/bis die tage"
    ),
    farewell_openings=_phrases(
        "danke für/dank für/danke dass/dank dass/bis/wir sehen uns/wir hören uns/wir sprechen uns/ich melde mich/"
        "ich freue mich auf/ich wünsche ihnen/wünsche ihnen/wünsche/ihnen noch"
    ),
    partings=_phrases(
        "wiederhören/wiedersehen/wiederschauen/tschüss/tschüssi/tschau/servus/pfiat/bis bald/bis dann/bis morgen/"
        "schönen tag/schönen abend/schönes wochenende/gute nacht/alles gute/mach's gut"
    ),
    light=_words(
        "äh ähm hm ich du sie er es wir ihr mir mich ihnen uns ihre ihren ihrem mein meine der die das den dem des ein "
        "eine einen einem und ist war sind waren bin haben habe hat hatte sein wird werde werden so sehr auch noch "
        "dann ja na nun also da dort hier im in am an auf zu zum zur von vom bei mit für um dass wie alles ganz gar "
        "wirklich echt mal jetzt gleich schon "
        "nett freundlich hilfsbereit hilfreich lieb toll super prima gut gute guten besten beste klasse spitze "
        "wunderbar perfekt hervorragend schön schöner schönes schöne schönen großartig geholfen hilfe weitergeholfen "
        "gerne gern bestens zufrieden morgen heute bald später "
        "uhr frau herr tag abend"
    ),
    weekdays=word_set("montag dienstag mittwoch donnerstag freitag samstag sonntag"),
    reopeners=_phrases(
        "was/wann/wo/wer/wen/wem/warum/wieso/weshalb/wie viel/wie lange/wie spät/wie war/wie ist/wie heißt/wie geht/"
        "wie kann/wie komme/welche/welcher/welches/welchen/aber/außerdem/noch eine/noch ein/noch etwas/noch was/"
        "noch einmal/nochmal/eine frage/andere/anderen/kann ich/können sie/kannst du/könnten sie/können wir/"
        "könnte ich/könnte man/kann man/darf ich/dürfte ich/haben sie/hast du/habe ich/gibt es/ist es/ist das/"
        "sind sie/sind die/machen sie den/würden sie/brauche/bräuchte/möchte/wollte/will/hätte/"
        "doch noch/moment/stornieren/ändern/buchen/bestellen/reservieren/verbinden/sagen sie/geben sie/schicken sie/"
        "senden sie/nennen sie/vergessen/stattdessen/statt/sondern/kein/keine/nicht/nie/falsch/problem/frage/"
        "fragen/ob/allergisch/ach und/übrigens"
    ),
    noes=_words("nein nee nö ne"),
)
