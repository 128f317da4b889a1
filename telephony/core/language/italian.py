"""Italian: what the agent says by itself, and the words of listeners and of goodbyes (see `language.py`)."""

from __future__ import annotations

from telephony.core.language.language import Language, phrases, word_set
from telephony.core.language.wording import Wording

ITALIAN = Language(
    name="Italian",
    wording=Wording(
        filler="Un attimo, per favore.",
        apology="Mi scusi, ho avuto un problema. Potrebbe ripetere, per favore?",
        not_heard="Mi scusi, non ho capito bene. Potrebbe ripetere, per favore?",
        still_there="È ancora in linea?",
        silent_goodbye="Non La sento, quindi chiudo la chiamata. Ci richiami pure quando vuole. Arrivederci.",
        time_warning="Ci resta circa un minuto per questa chiamata.",
        time_over="Il tempo a disposizione per questa chiamata è terminato. Grazie per aver chiamato. Arrivederci.",
        draining="Mi dispiace, devo chiudere la chiamata. La prego di richiamare tra qualche minuto. Arrivederci.",
        broken="Mi dispiace, ho un problema tecnico. La prego di richiamare tra qualche minuto. Arrivederci.",
        busy="Al momento tutte le nostre linee sono occupate. La prego di richiamare tra qualche minuto. Arrivederci.",
        provider_busy="Mi scusi per l'attesa, al momento riceviamo molte chiamate. Un attimo, per favore.",
        goodbye="Arrivederci.",
        connecting="La metto in contatto adesso.",
        back="Pronto, sono di nuovo io.",
    ),
    backchannels=word_set(
        "grazie ottimo giusto infatti certamente sicuro sicuramente chiaro ovvio ovviamente appunto magnifico "
        "benissimo eccellente già eh beh ah inteso ricevuto assolutamente esattamente capisco prego bravo brava"
    ),
    backchannel_phrases=phrases(
        "mille grazie/grazie mille/certo che sì/ah sì/ah ok/ah va bene/ho inteso/lo so/è vero/è giusto/"
        "tutto chiaro/è chiaro/nessun problema/ci mancherebbe/va benissimo/sì sì/sì certo/ah capisco"
    ),
    remarks=phrases(
        "nessun problema/non c'è problema/senza problemi/mamma mia/meno male/che peccato/si figuri/ci credo/"
        "lo immagino/immagino/anch'io/ha senso/suona bene/buona idea/non male/niente male/sul serio/per fortuna/"
        "mi fa piacere/con piacere"
    ),
    assessments=word_set(
        "bello bella bene buono buona ottimo perfetto magnifico meraviglioso incredibile interessante peccato triste "
        "divertente strano gentile simpatico pratico logico chiaro normale fantastico splendido "
        "stupendo fortuna sollievo davvero veramente bravo carino ok"
    ),
    before_assessments=phrases(
        "che/è/è molto/è davvero/è proprio/questo è/molto/così/ah/oh/eh/sarebbe/sembra/proprio/davvero/è un/un"
    ),
    after_assessments=phrases("allora/grazie/da parte sua/per me/saperlo"),
    urgent=word_set("aiuto fuoco incendio polizia ambulanza emergenza ahi ahia ferito morto macché"),
    before_nouns=word_set("il la lo i le in di a da un una per con al"),
    stops=word_set(
        "no aspetta aspetti aspettate ferma fermo si-fermi basta alt stop momento attimo secondo scusa scusi scusate "
        "senta senti ascolti ascolta pronto ma però pausa zitto silenzio"
    ),
    weak=word_set("il la lo i le e è in di a da un una uno due per con al si"),
    farewells=word_set(
        "grazie ciao arrivederci arrivederla addio bye saluti altrettanto buonanotte buonasera buongiorno buonagiornata"
    ),
    farewell_phrases=phrases(
        "grazie mille/mille grazie/tante grazie/molte grazie/grazie infinite/grazie tante/grazie ancora/a presto/"
        "a domani/a dopo/a più tardi/a risentirci/ci sentiamo/ci vediamo/ci vediamo presto/alla prossima/"
        "buona giornata/buona serata/buona notte/buon pomeriggio/buon fine settimana/buon weekend/buon lavoro/"
        "buon proseguimento/anche a lei/anche a te/anche a voi/a lei/è tutto/questo è tutto/tutto qui/nient'altro/"
        "niente altro/basta così/di niente/si figuri/non c'è di che/nessun problema/molto gentile/è stato gentile/"
        "è stata gentile/stia bene/abbia cura/la ringrazio/ti ringrazio/vi ringrazio/no grazie/va bene così/"
        "sarà fatto/lo farò/con piacere/ora chiudo"
    ),
    farewell_openings=phrases(
        "grazie per/grazie di/grazie dell'/grazie della/"
        "ci vediamo/ci sentiamo/la ringrazio/le auguro/vi auguro/passi una/buona"
    ),
    partings=phrases(
        "arrivederci/arrivederla/ciao/addio/a presto/a domani/a risentirci/alla prossima/buona giornata/"
        "buona serata/buona notte/buonanotte/buon fine settimana/buon pomeriggio"
    ),
    light=word_set(
        "eh ehm beh allora quindi io tu lei voi lui noi mi ti ci vi la lo gli le il i un una uno e o di del della "
        "dell' a al alla da in con per che è era sono sei siete stato stata ha hanno ho avete molto tanto tutto tutta "
        "davvero proprio anche così qui lì bene buono buona "
        "gentile gentilissimo gentilissima disponibile simpatico simpatica utile aiuto aiutato aiutata pazienza "
        "perfetto perfetta ottimo ottima eccellente fantastico fantastica magnifico splendido contento contenta "
        "domani oggi presto signore signora signorina "
        "giornata serata"
    ),
    weekdays=word_set("lunedì martedì mercoledì giovedì venerdì sabato domenica"),
    reopeners=phrases(
        "quando/dove/chi/cosa/che ora/che ore/a che/quale/quali/qual è/come/perché/quanto/quanta/quanti/quante/ma/"
        "però/inoltre/un'altra/un altro/altra cosa/ancora una/ancora un/una domanda/una cosa/un dubbio/può/posso/"
        "potrebbe/potrei/possiamo/puoi/avete/ha anche/c'è/ci sono/vorrei/voglio/volevo/mi serve/mi servirebbe/"
        "ho bisogno/bisogno/dimenticavo/dimenticato/aspetti/aspetta/momento/attimo/annulli/annullare/cambi/cambiare/"
        "prenoti/prenotare/mi dia/mi dica/mi mandi/mi passi/confermi/ripeta/non è/non era/non ho/non posso/non voglio/"
        "mai/errore/sbagliato/sbagliata/problema con/un problema/invece/anzi/allergico/allergica/a proposito/sa se"
    ),
    noes=word_set("no"),
)
