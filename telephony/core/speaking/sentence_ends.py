"""Where a sentence or a clause of text ends that is still being written, in any script.

A full stop is the only sign with other uses: it is part of numbers and of abbreviations, so the text after it decides.
The ends of other scripts have one meaning, and need neither white space nor more text.
"""

from __future__ import annotations

import re

from telephony.core.language.codes import primary

_DAYS = re.compile(r"\d{1,2}\.?[-–]\d{1,2}")
"""Those of "3.–5. März"."""
_DATE = re.compile(r"(?<!\d)\d{1,2}\.(?:0?[1-9]|1[0-2])$")
"""The end of "24.12. um 18 Uhr"."""
UNMISTAKABLE = "。！？｡।॥؟۔։።៕។၊။܀"
"""Chinese and Japanese, danda, Arabic, Urdu, Armenian, Ethiopic, Khmer, Burmese, Syriac."""
SENTENCE_ENDS = ".!?…" + UNMISTAKABLE
CLOSERS = "\"')]»”’*_」』）】》〉"
CLAUSE_ENDS = ",;:—–،؛"
UNSPACED_CLAUSE_ENDS = "，、；："
ABBREVIATIONS = frozenset(
    (
        "mr mrs ms dr prof st sr jr vs etc e.g i.e no approx dept est inc ltd co a.m p.m u.s u.k "  # English
        "lbs oz mo yr yrs wk wks hrs mins tsp tbsp ee uu "
        "usw nr bzw ca inkl zzgl ggf evtl vgl mind max min tel str hr std abs abt bspw sog tsd mio mrd z.b d.h u.a o.ä "
        "sra srta sres dra núm nº av avda ud uds pág págs aprox lic ing dña pza ctra ej ee.uu "
        "mme mlle mm av bd boul env tél janv févr juil sept p.ex apt pl "
        "ecc sig sig.ra dott dott.ssa prof.ssa avv arch geom es pag v.le c.so p.zza "
        "srs profa apto obs ltda eng rod ex "
        "enz bijv bv dhr mevr mw mln mld blz incl excl evt d.w.z o.a m.b.t i.p.v a.u.b t.a.v"
    ).split()
)
"""After these, and after single letters, a full stop is no end: in any language, as models mix them."""
BEFORE_FIGURES = frozenset(
    (
        "jan feb mar apr jun jul aug sep oct okt nov dec dez mrz mrt ene abr ago dic gen mag giu lug set ott fev "
        "mai mon tue tues wed thu thurs fri sat sun mo di mi do fr sa so lun mer jeu ven sam dim mié jue vie sáb "
        "dom out gio sab ma wo vr za zo seg ter qua qui sex ext int durchw ch cap fig vol ave blvd rd ln hwy ste "
        "sq pkwy bldg fl nos corp gov capt lt sgt rev hon mt ft pp rm hd erw nrn sek mwst art stk pers jh frl geb "
        "avd tfno vd vds máx mín sta sto uu dpto depto izq dcha hab c.-à-d appt sigg rag p.es pagg pç pça al ap "
        "nrs ir sec resp jl"
    ).split()
)
"""After these, a full stop is no end if a number or a small letter follows: "Jan. 5", "Wed. and"."""
DOTTED_ORDINALS = frozenset("de da no fi cs sk sl hr sr hu pl et lv is tr".split())
"""Languages that write "5. März"."""
UNSPACED = range(0x0E00, 0x0F00)
"""Thai and Lao: a space ends a clause, and nothing else does."""


def writes_ordinals_with_dots(language: str) -> bool:
    return primary(language) in DOTTED_ORDINALS


def after_closers(text: str, index: int) -> int:
    """Behind the sign at `index` and the quotes and brackets that close with it."""
    end = index + 1
    while end < len(text) and text[end] in CLOSERS + SENTENCE_ENDS:
        end += 1
    return end


def ends_sentence(text: str, index: int, *, ordinals: bool) -> bool:
    """Whether a sentence ends with the sign at `index`, as far as is known. `ordinals`: "5." may be one."""
    if text[index] in UNMISTAKABLE:
        return True
    after = after_closers(text, index)
    if after >= len(text) or not text[after].isspace():
        return False
    return text[index] != "." or _full_stop(text[:index], text[after:].lstrip(), ordinals=ordinals)


def _full_stop(text: str, following: str, *, ordinals: bool) -> bool:
    """`following`: what is known of the text behind. If it would decide and nothing is known, there is no end yet."""
    words = text.split()
    word = words[-1].lower().lstrip("(\"'¿¡„“«") if words else ""
    short = word if word in BEFORE_FIGURES else re.split(r"[/.–-]", word)[-1]
    figure = following.lstrip("-–#")[:1]
    if short in BEFORE_FIGURES and (not figure or figure.isdigit() or figure.islower()):
        return False
    if ordinals and _DATE.search(word) and (not following or following[0].islower()):
        return False
    if word.endswith("str") or (ordinals and _DAYS.fullmatch(word)):
        return False
    if word.rpartition("/")[2] in ABBREVIATIONS or (len(word) == 1 and word.isalpha()) or _initials(word):
        return False
    return not (word.isdigit() and (len(words) == 1 or (ordinals and len(word) <= 2)))  # "1. " opens a list item


def _initials(word: str) -> bool:
    """ "u.s", "z.b", "e.g"."""
    letters = word.split(".")
    return len(letters) > 1 and all(len(letter) == 1 and letter.isalpha() for letter in letters)


def ends_clause(text: str, index: int) -> bool:
    """Whether a clause ends with the character at `index`, and no number follows: "9 – 17 Uhr", "PIN: 12"."""
    char, following = text[index], text[index + 1 :].lstrip()[:1]
    if following.isdigit():
        return False
    if char in UNSPACED_CLAUSE_ENDS:
        return True
    if char.isspace():
        return ord(text[index - 1]) in UNSPACED
    return char in CLAUSE_ENDS and text[index + 1 : index + 2].isspace()


def last_gap(text: str) -> int:
    """The last space of `text`, if possible not beside a number ("1 234 €"); 0 if there is none."""
    gaps = [index for index, char in enumerate(text) if char == " " and index]
    whole = [gap for gap in gaps if not _numeric(text[:gap].split()[-1:]) and not _numeric(text[gap:].split()[:1])]
    return next(iter(whole[::-1] or gaps[::-1]), 0)


def _numeric(word: list[str]) -> bool:
    return any(char.isdigit() for char in "".join(word))
