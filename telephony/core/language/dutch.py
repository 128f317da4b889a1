"""Dutch: what the agent says by itself, and the words of listeners and of goodbyes (see `language.py`)."""

from __future__ import annotations

from telephony.core.language.language import Language, phrases, word_set
from telephony.core.language.wording import Wording

DUTCH = Language(
    name="Dutch",
    wording=Wording(
        filler="Een moment, alstublieft.",
        apology="Pardon, er ging bij mij iets mis. Kunt u dat nog een keer zeggen?",
        not_heard="Pardon, dat heb ik niet verstaan. Kunt u het nog een keer zeggen?",
        still_there="Bent u er nog?",
        silent_goodbye="Ik kan u niet horen, dus ik hang nu op. U kunt altijd opnieuw bellen. Tot ziens.",
        time_warning="We hebben nog ongeveer één minuut voor dit gesprek.",
        time_over="De tijd voor dit gesprek is om. Bedankt voor het bellen. Tot ziens.",
        draining="Het spijt me, ik moet dit gesprek nu beëindigen. Belt u over een paar minuten nog eens. Tot ziens.",
        broken="Het spijt me, ik heb een technisch probleem. Belt u over een paar minuten nog eens. Tot ziens.",
        busy="Op dit moment zijn al onze lijnen bezet. Belt u over een paar minuten nog eens. Tot ziens.",
        provider_busy="Excuses voor het wachten, het is op dit moment erg druk. Een moment, alstublieft.",
        goodbye="Tot ziens.",
        connecting="Ik verbind u nu door.",
        back="Hallo, daar ben ik weer.",
    ),
    backchannels=word_set(
        "dank bedankt dankjewel dankuwel prima mooi fijn top leuk perfect super natuurlijk juist correct helder "
        "duidelijk begrepen uiteraard absoluut tuurlijk ah oh hè jep yep akkoord begrijp oke"
    ),
    backchannel_phrases=phrases(
        "dank je/dank u/dank je wel/dank u wel/ja ja/ja precies/ja natuurlijk/ah ja/oh ja/ah oké/"
        "ik snap 't/ik weet het/"
        "ik begrijp/dat is goed/dat is waar/dat is prima/dat weet ik/geen probleem/komt goed/heel fijn/heel mooi/"
        "ja dat klopt/helemaal goed/in orde/is prima/goed hoor/zeker weten"
    ),
    remarks=phrases(
        "geen punt/geen zorgen/niet slecht/o jee/oh jee/lieve hemel/gelukkig maar/"
        "dat geloof ik/ik ook/klinkt goed/dat klinkt goed/goed idee/echt waar/zeg dat wel/dat dacht ik al/"
        "fijn om te horen/goed om te weten"
    ),
    assessments=word_set(
        "goed mooi fijn leuk prima super perfect prachtig geweldig fantastisch interessant jammer zonde triest "
        "verdrietig "
        "grappig raar vreemd aardig lief handig logisch duidelijk normaal ongelofelijk "
        "heerlijk gelukkig echt werkelijk serieus gezellig top"
    ),
    before_assessments=phrases(
        "dat is/dat is wel/dat was/dat klinkt/dat zou/wat/wat een/heel/erg/zo/echt/ah/oh/o/nou/ja/best/is/is heel"
    ),
    after_assessments=phrases("zeg/dan/dank u/van u/voor mij"),
    urgent=word_set("help brand politie ambulance nood noodgeval nope au auw pijn gewond dood"),
    before_nouns=word_set("de het een in van te op aan voor met"),
    verb_first=phrases("is dat/is het/is dit/was dat/was het/klopt dat/kan dat/mag dat"),
    stops=word_set(
        "nee neen nee-hoor stop wacht wachten even momentje moment ogenblik seconde sorry pardon excuseer hallo hé "
        "hey luister luistert ho halt maar stil pauze genoeg niet"
    ),
    weak=word_set("de het een en is in van te op dat die er twee aan voor met zo ze hij we"),
    farewells=word_set(
        "dank bedankt dankjewel dankuwel merci dag daag doei doeg doeii houdoe bye ciao insgelijks hetzelfde groetjes "
        "groeten mazzel adieu"
    ),
    farewell_phrases=phrases(
        "dank je/dank u/dank je wel/dank u wel/heel erg bedankt/hartelijk dank/hartelijk bedankt/ontzettend bedankt/"
        "duizendmaal dank/tot ziens/tot horens/tot straks/tot zo/tot later/tot dan/tot morgen/tot gauw/"
        "tot snel/tot kijk/tot de volgende keer/tot volgende week/fijne dag/fijne dag nog/fijne avond/"
        "fijn weekend/prettige dag/prettige avond/prettig weekend/goede dag/goede avond/goedenavond/goedendag/"
        "nog een fijne dag/u ook/jij ook/van hetzelfde/het beste/alle goeds/welterusten/slaap lekker/graag gedaan/"
        "geen dank/dat was het/dat was alles/dat is alles/dat is het/verder niets/verder niks/niets meer/"
        "niks meer/anders niets/geen probleem/geen vragen meer/zal ik doen/ga ik doen/komt goed/"
        "nee bedankt/nee dank u/nee dank je/ik hang op/pas goed op uzelf"
    ),
    farewell_openings=phrases(
        "bedankt voor/dank voor/dank u voor/dank je voor/dank u wel voor/dank je wel voor/bedankt dat/tot/"
        "we zien elkaar/we spreken elkaar/ik wens u/wens u/wens je/fijne/prettige/ik zie u/ik spreek u"
    ),
    partings=phrases(
        "tot ziens/tot horens/tot straks/tot morgen/tot gauw/tot snel/tot dan/tot later/doei/doeg/daag/houdoe/"
        "fijne dag/fijne avond/fijn weekend/prettige dag/prettige avond/prettig weekend/welterusten/het beste/"
        "dag mevrouw/dag meneer"
    ),
    light=word_set(
        "eh ehm uh ik je u jij hij ze zij we wij mij me uw jouw mijn de het een en of is was zijn waren ben bent heb "
        "hebt heeft had word wordt zo heel erg ook nog dan toch nou dus er daar hier in op aan te van voor met bij om "
        "dat dit alles al echt zeer wel even nu zal zullen ga "
        "aardig vriendelijk behulpzaam lief fijn fijne top super prima goed goede mooi perfect geweldig fantastisch "
        "heerlijk hulp geholpen graag tevreden blij morgen vandaag straks "
        "uur meneer mevrouw weekend avond"
    ),
    weekdays=word_set("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"),
    reopeners=phrases(
        "wat/wanneer/waar/wie/waarom/hoe laat/hoe lang/hoeveel/hoe kan/hoe kom/hoe gaat/hoe heet/welke/welk/maar/"
        "nog een vraag/nog iets/nog één/nog een ding/nog wat/een vraag/een vraagje/vraagje/vraag/andere/anders nog/"
        "kunt u/kun je/kan ik/kan je/kan u/kunnen we/zou u/zou je/zou ik/mag ik/heeft u/hebt u/heb je/is er/is het/"
        "zijn er/ik wil/ik wou/wil/wilde/ik heb nog/nodig/graag een/vergeten/wacht/moment/annuleer/annuleren/"
        "wijzig/wijzigen/verander/veranderen/boek/boeken/reserveer/reserveren/geef/zeg/stuur/verbind/bevestig/"
        "herhaal/niet/geen/nooit/toch nog/eigenlijk/fout/verkeerd/probleem met/een probleem/in plaats/allergisch/"
        "trouwens/weet u"
    ),
    noes=word_set("nee neen"),
)
