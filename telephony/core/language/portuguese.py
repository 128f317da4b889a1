"""Portuguese: what the agent says by itself, and the words of listeners and of goodbyes (see `language.py`). The
phrases are such as are said both in Portugal and in Brazil."""

from __future__ import annotations

from telephony.core.language.language import Language, phrases, word_set
from telephony.core.language.wording import Wording

PORTUGUESE = Language(
    name="Portuguese",
    wording=Wording(
        filler="Um momento, por favor.",
        apology="Desculpe, tive um problema aqui. Poderia repetir, por favor?",
        not_heard="Desculpe, não entendi bem. Poderia repetir, por favor?",
        still_there="Ainda está aí?",
        silent_goodbye="Não consigo ouvir, por isso vou desligar. Ligue novamente quando quiser. Até logo.",
        time_warning="Resta cerca de um minuto para esta chamada.",
        time_over="O tempo desta chamada terminou. Agradecemos o seu telefonema. Até logo.",
        draining="Desculpe, tenho de terminar a chamada agora. Por favor, ligue novamente daqui a alguns minutos. "
        "Até logo.",
        broken="Desculpe, estou com um problema técnico. Por favor, ligue novamente daqui a alguns minutos. Até logo.",
        busy="Neste momento, todas as nossas linhas estão ocupadas. Por favor, ligue novamente daqui a alguns minutos. "
        "Até logo.",
        provider_busy="Desculpe a espera, neste momento temos muitas chamadas. Um momento, por favor.",
        goodbye="Até logo.",
        connecting="Vou passar a chamada agora.",
        back="Olá, sou eu novamente.",
    ),
    backchannels=word_set(
        "obrigado obrigada claro ótimo perfeito beleza legal joia bacana correto exatamente certamente "
        "compreendo compreendido entendo percebi percebo entendido excelente maravilha show né ah hum bom bem fixe sei "
        "positivo naturalmente"
    ),
    backchannel_phrases=phrases(
        "muito obrigado/muito obrigada/claro que sim/ah sim/ah tá/ah está bem/ah bom/tudo bem/tudo certo/sem problema/"
        "eu sei/eu entendo/já entendi/é verdade/é isso/é isso aí/pode ser/pois sim/sim senhor/sim senhora/"
        "certinho/está certo/está ótimo/muito bom/de acordo"
    ),
    remarks=phrases(
        "sem problemas/não tem problema/nenhum problema/nossa senhora/ainda bem/que pena/imagino/eu imagino/"
        "eu também/faz sentido/boa ideia/nada mal/a sério/de verdade/não me diga/que sorte/com prazer/por mim tudo bem"
    ),
    assessments=word_set(
        "bom boa bem ótimo ótima perfeito excelente lindo bonito maravilhoso incrível interessante pena triste "
        ""
        "engraçado estranho gentil simpático prático lógico claro normal fantástico maravilha sorte alívio "
        "sério verdade nossa legal bacana giro"
    ),
    before_assessments=phrases(
        "que/é/é muito/isso é/isso é muito/está/muito/tão/ah/oh/ai/seria/parece/foi/que é/uma/é uma/um"
    ),
    after_assessments=phrases("então/obrigado/obrigada/da sua parte/para mim/saber"),
    urgent=word_set("socorro ajuda fogo incêndio polícia ambulância emergência ferido morto"),
    before_nouns=word_set("o a os as em de um uma do da na por com ao"),
    stops=word_set(
        "não nao espera espere esperem pera peraí para pare parem alto chega momento momentinho segundo "
        "desculpe desculpa perdão escuta escute olha olhe alô alo olá mas porém pausa silêncio calma"
    ),
    weak=word_set("o a os as e é em de um uma dois do da na por com se ao"),
    farewells=word_set(
        "obrigado obrigada obrigadão brigado brigada valeu tchau tchauzinho adeus bye ciao igualmente abraço abraços "
        "beijo beijos agradecido agradecida falou"
    ),
    farewell_phrases=phrases(
        "muito obrigado/muito obrigada/muitíssimo obrigado/até logo/até já/até mais/até mais tarde/até amanhã/"
        "até breve/até a próxima/até à próxima/até lá/até depois/até sempre/bom dia/boa tarde/boa noite/"
        "bom fim de semana/bom final de semana/um bom dia/uma boa tarde/uma boa noite/bom trabalho/"
        "para você também/pra você também/para si também/o senhor também/a senhora também/você também/de nada/"
        "por nada/não tem de quê/é tudo/é só isso/só isso/era só isso/é só/isso é tudo/mais nada/nada mais/"
        "tudo de bom/fique bem/fica bem/se cuida/cuide-se/sem problema/não se preocupe/a gente se fala/"
        "a gente se vê/nos falamos/nos vemos/muito gentil/muito simpático/muito simpática/não obrigado/não obrigada/"
        "farei isso/pode deixar/combinado/vou desligar/com licença/fique com deus"
    ),
    farewell_openings=phrases(
        "obrigado por/obrigada por/obrigado pela/obrigada pela/obrigado pelo/obrigada pelo/agradeço/até/"
        "a gente se vê/a gente se fala/nos vemos/nos falamos/tenha um/tenha uma/desejo-lhe/"
        "um bom/uma boa/um ótimo/uma ótima"
    ),
    partings=phrases(
        "até logo/até já/até mais/até amanhã/até breve/até a próxima/até à próxima/tchau/adeus/tenha um bom dia/"
        "tenha um ótimo dia/tenha uma boa tarde/tenha uma ótima tarde/tenha uma boa noite/tenha uma ótima noite/"
        "bom fim de semana/bom final de semana/tudo de bom/um bom dia/uma boa noite/uma boa tarde"
    ),
    light=word_set(
        "ah eh hum então pois eu tu você senhor senhora ele ela nós me mim te se lhe o a os as um uma e de do da dos "
        "das em no na por pelo pela para pra com que é era foi está estava são tem tinha ter ser sido muito muita bem "
        "bom boa mesmo também assim aqui aí lá já tudo toda todo só "
        "gentil simpático simpática atencioso atenciosa prestável prestativo prestativa útil ajuda ajudou ajudado "
        "atenção paciência ótimo ótima perfeito perfeita excelente maravilhoso maravilhosa fantástico contente "
        "amanhã hoje logo breve feira dia tarde noite"
    ),
    weekdays=word_set("segunda terça quarta quinta sexta sábado domingo"),
    reopeners=phrases(
        "quando/onde/quem/o que/que horas/a que/qual/quais/como/por que/por quê/porque/porquê/quanto/quanta/quantos/"
        "quantas/mas/porém/além disso/outra/outro/mais uma/mais um/uma pergunta/uma coisa/uma dúvida/dúvida/pode/"
        "posso/poderia/podia/podemos/tem como/vocês têm/você tem/há/preciso/precisava/quero/queria/gostaria/"
        "falta/faltou/esqueci/esquecia/espere/espera/momento/cancele/cancelar/cancela/mude/mudar/troque/trocar/"
        "reserve/reservar/marque/marcar/me dê/me diga/diga-me/dê-me/me manda/me mande/mande-me/me passa/confirme/"
        "repita/não é/não era/não está/não posso/não quero/não tenho/nunca/ainda/na verdade/errado/errada/erro/"
        "problema com/um problema/em vez/alérgico/alérgica/a propósito/aliás/sabe se"
    ),
    noes=word_set("não"),
)
