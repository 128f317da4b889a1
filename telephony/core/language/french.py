"""French: what the agent says by itself, and the words of listeners and of goodbyes (see `language.py`)."""

from __future__ import annotations

from telephony.core.language.language import Language, phrases, word_set
from telephony.core.language.wording import Wording

FRENCH = Language(
    name="French",
    wording=Wording(
        filler="Un instant, s'il vous plaît.",
        apology="Excusez-moi, j'ai eu un petit problème. Pourriez-vous répéter, s'il vous plaît ?",
        not_heard="Excusez-moi, je ne vous ai pas bien compris. Pourriez-vous répéter, s'il vous plaît ?",
        still_there="Êtes-vous toujours là ?",
        silent_goodbye="Je ne vous entends pas, je vais donc raccrocher. N'hésitez pas à nous rappeler. Au revoir.",
        time_warning="Il nous reste environ une minute pour cet appel.",
        time_over="Le temps prévu pour cet appel est écoulé. Merci de votre appel. Au revoir.",
        draining="Excusez-moi, je dois mettre fin à cet appel. Veuillez rappeler dans quelques minutes. Au revoir.",
        broken="Excusez-moi, je rencontre un problème technique. Veuillez rappeler dans quelques minutes. Au revoir.",
        busy="Toutes nos lignes sont occupées pour le moment. Veuillez rappeler dans quelques minutes. Au revoir.",
        provider_busy="Merci de patienter, nous recevons beaucoup d'appels en ce moment. Un instant, s'il vous plaît.",
        goodbye="Au revoir.",
        connecting="Je vous mets en relation.",
        back="Bonjour, c'est de nouveau moi.",
    ),
    backchannels=word_set(
        "merci super parfait génial excellent compris vu effectivement certainement évidemment absolument volontiers "
        "ben bah hein hum euh oh tiens chouette formidable impeccable nickel juste logique"
    ),
    backchannel_phrases=phrases(
        "merci beaucoup/ah oui/ah d'accord/c'est bon/c'est bien/c'est vrai/c'est exact/ça marche/ça va/"
        "ça roule/pas de souci/j'ai compris/je sais/bien entendu/bien reçu/oui oui/ah voilà/ok d'accord/"
        "tout va bien/il n'y a pas de problème/c'est noté/c'est parfait/c'est clair"
    ),
    remarks=phrases(
        "pas mal/pas de soucis/aucun problème/aucun souci/sans problème/sans souci/oh là là/oh la la/dis donc/"
        "dites donc/tant mieux/tant pis/c'est entendu/je vous crois/j'imagine/je vois ça/ça tombe bien/ça me va/"
        "ça fait plaisir/moi aussi/quel dommage/quelle chance/quelle histoire/bien noté/"
        "c'est logique/ça se comprend/bonne idée/bonne nouvelle"
    ),
    assessments=word_set(
        "bien bon super parfait génial excellent chouette formidable magnifique merveilleux incroyable intéressant "
        "dommage triste drôle bizarre étrange gentil sympa cool beau joli pratique logique clair "
        "normal étonnant fantastique extraordinaire vrai vraiment sérieusement ouf zut"
    ),
    before_assessments=phrases(
        "c'est/c'était/c'est très/c'est vraiment/ça c'est/ah/oh/eh/très/trop/vraiment/tout à fait/comme c'est/que "
        "c'est/"
        "quel/quelle/ça semble/ça a l'air/ce serait/plutôt/assez/bien"
    ),
    after_assessments=phrases("ça/alors/merci/de votre part/à savoir/pour vous/pour moi"),
    urgent=word_set("secours aide feu police ambulance urgence pompiers nan aïe blessé mort"),
    before_nouns=word_set("le la les un une de du des à en pour"),
    verb_first=phrases("est-ce que/est-ce bien/est-ce vraiment"),
    stops=word_set(
        "non attends attendez attendre stop arrête arrêtez halte pause moment instant seconde minute pardon "
        "excusez-moi excuse-moi excusez désolé désolée écoutez écoute allô allo bonjour mais taisez-vous silence"
    ),
    weak=word_set("le la les et est en de des du un une deux à au il elle on ça ce pour y l d"),
    farewells=word_set("merci bye ciao salut revoir adieu tchao pareillement également bises bisous"),
    farewell_phrases=phrases(
        "merci beaucoup/merci bien/mille mercis/un grand merci/grand merci/merci infiniment/au revoir/à bientôt/"
        "à demain/à plus/à plus tard/à tout à l'heure/à tout de suite/à la prochaine/à la semaine prochaine/"
        "bonne journée/bonne soirée/bonne nuit/bon après-midi/bonne après-midi/bon week-end/bon weekend/"
        "bonne continuation/bonne fin de journée/excellente journée/belle journée/belle soirée/à vous aussi/"
        "vous aussi/toi aussi/à vous de même/de même/de rien/je vous en prie/c'est tout/ce sera tout/c'est bon/"
        "ça sera tout/rien d'autre/plus rien/pas de souci/pas de problème/pas d'autre question/prenez soin de vous/"
        "portez-vous bien/c'est gentil/c'est très gentil/très aimable/je n'y manquerai pas/ça marche/non merci/"
        "je vais raccrocher/avec plaisir/vous de même/au plaisir"
    ),
    farewell_openings=phrases(
        "merci pour/merci de/merci d'/merci d'avoir/"
        "je vous souhaite/on se voit/on se rappelle/passez une/passez un/je vous rappelle"
    ),
    partings=phrases(
        "au revoir/revoir/adieu/à bientôt/à demain/à la prochaine/bonne journée/bonne soirée/bonne nuit/"
        "bon week-end/bonne fin de journée/excellente journée/belle journée/prenez soin de vous"
    ),
    light=word_set(
        "euh ben bah alors donc et ou je j'ai tu il elle nous vous on c'est c'était ce ça cela le la les l' un une de "
        "du des d' à au en pour par avec est était êtes avez été a ai ont sont suis m'avez m'a très bien bon bonne "
        "tout toute tous vraiment trop si plus aussi là ici me moi vos votre mon ma mes "
        "gentil gentille aimable sympa sympathique serviable utile aide aidé aidée beaucoup parfait parfaite super "
        "génial excellent excellente formidable efficace patience accueil content contente ravi ravie demain bientôt "
        "monsieur madame mademoiselle journée soirée"
    ),
    weekdays=word_set("lundi mardi mercredi jeudi vendredi samedi dimanche"),
    reopeners=phrases(
        "quand/où est/où se/où puis/qui est/quoi/quel/quelle/quels/quelles/comment/pourquoi/combien/à quelle/"
        "qu'est-ce/est-ce/mais/aussi une/encore/autre chose/une question/une autre/un autre/dernière question/"
        "petite question/pouvez-vous/pourriez-vous/peux-tu/puis-je/pourrais-je/avez-vous/vous pouvez/vous pourriez/"
        "y a-t-il/il y a/je peux/on peut/j'aimerais/je voudrais/je veux/je souhaite/je souhaiterais/il me faut/"
        "j'ai besoin/besoin/j'ai oublié/oublié/oublie/attendez/attends/moment/annulez/annuler/changez/changer/"
        "réservez/réserver/donnez-moi/dites-moi/envoyez-moi/passez-moi/mettez/confirmez/répétez/n'est pas/"
        "ce n'est/c'est pas/je n'ai/je ne/jamais/erreur/problème avec/un problème/plutôt/au lieu/au fait/"
        "en fait/allergique/sauf/savez-vous/vous avez une/vous avez des"
    ),
    noes=word_set("non"),
)
