"""What listeners murmur, in many languages: whatever language a call is in, and whether there is data for it or not,
callers say "mhm" and "ok", and many murmur in their own language.

Only what means nothing else in another language stands here: no "legal" (Portuguese for "nice"), and no word that
stops anybody, in any language. What is said in one language alone is in its module.
"""

from __future__ import annotations

from telephony.core.language.language import phrases, word_set

MURMURS = word_set(
    "m mm mmm mhm mmhm mm-hm mm-hmm hm hmm hmhm uh-huh aha ajá ah oh ok okay okey oké okej yes yeah yep",
    "sí si vale claro ya bueno bien eso exacto entiendo entendido perfecto",  # es
    "ja jo jawohl genau gut stimmt richtig klar natürlich natuerlich verstehe verstanden",  # de
    "oui ouais voilà bon exactement entendu bien d'accord",  # fr
    "sì certo bene esatto capito ecco perfetto d'accordo",  # it
    "sim tá isso certo exato entendi pois",  # pt
    "ja jawel goed precies zeker inderdaad klopt snap",  # nl
    "haan han haanji achha accha theek हाँ हां जी अच्छा",  # hi
    "hai はい うん ええ 네 예 응 嗯 对 對 好 好的",  # ja, ko, zh
    "da tak jasne dobrze ano jo да так угу ага ясно хорошо понятно",  # ru, uk, pl, cs
    "evet tamam نعم ايوه ναι",  # tr, ar, el
    "joo niin selvä igen persze értem jasně jasne dobře dobre rozumím rozumiem visst nettopp",  # fi, hu, cs, sv, no
    "huh ooh",
)
"""Said to show that one is listening."""

MURMUR_PHRASES = phrases(
    "uh huh/mm hm/mm hmm",
    "muy bien/claro que sí/claro que si/por supuesto/de acuerdo/así es/ya veo/está bien",  # es
    "alles klar/ach so/na klar/das stimmt/ja klar/ich verstehe/sehr gut/in ordnung",  # de
    "très bien/ah bon/bien sûr/d'accord/c'est ça/je vois/tout à fait/je comprends/en effet/pas de problème",  # fr
    "va bene/ho capito/d'accordo/molto bene/ah ecco/tutto bene",  # it
    "tá bom/está bem/está bom/muito bem/tá certo/isso mesmo/com certeza/pois é/de acordo",  # pt
    "ja hoor/heel goed/dat klopt/ik snap het/ik begrijp het/is goed/ah zo",  # nl
    "ji haan/haan ji/theek hai/ठीक है/जी हाँ",  # hi
)
"""The same, of words that by themselves may be the beginning of something else."""
