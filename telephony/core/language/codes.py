"""Language tags as people and systems write them ("en-US", "pt_BR.UTF-8", "deu", "jp", "Deutsch") -> one code for each
language.

A code of ISO 639 means its language: `uk` is Ukrainian, `ca` Catalan. What is none is read as a language's name, or as
the code of a country with one main language (`jp`, `cz`, `dk`). So are `br`, `kr` and `se`, whose languages (Breton,
Kanuri, Northern Sami) no speech service knows; `bre`, `kau` and `sme` still mean these.
"""

from __future__ import annotations

import re
import unicodedata

_SEPARATORS = re.compile(r"[-_.@]")
_CODE = re.compile(r"[a-z]{2,3}")
_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{2,8})*", re.IGNORECASE | re.ASCII)
_POSIX = re.compile(r"[.@].*")
_BETWEEN_NAMES = re.compile(r"[\s\d_()\[\]/;:-]+")
_AND_REGION = re.compile(r"([A-Za-z]{2,3})(?:\s+|\s*[(;:]\s*)(?:[A-Z]|q=)")
LONGEST_NAME = 60
UNKNOWN = "und"
_NONE = frozenset({UNKNOWN, "mul", "mis", "zxx"})
"""ISO 639-3's codes for no language, several, or one that is not known."""
KNOWN = frozenset(
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el "
    "en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io in is it "
    "iu iw ja ji jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo "
    "mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh "
    "si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh "
    "yi yo za zh zu".split()
)
"""The two-letter codes of ISO 639-1, former ones too. Three-letter codes are not checked against a list."""
_SAME = {
    "nb": "no", "nn": "no", "nob": "no", "nno": "no", "nor": "no",
    "iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "sh": "sr",  # former codes
    "tl": "fil", "tgl": "fil",
    "ara": "ar", "arb": "ar", "bul": "bg", "ces": "cs", "cze": "cs", "dan": "da", "deu": "de", "ger": "de",
    "ell": "el", "gre": "el", "eng": "en", "spa": "es", "fin": "fi", "fra": "fr", "fre": "fr", "heb": "he",
    "hin": "hi", "hrv": "hr", "hun": "hu", "ind": "id", "ita": "it", "jpn": "ja", "kor": "ko", "msa": "ms",
    "may": "ms", "zsm": "ms", "nld": "nl", "dut": "nl", "pol": "pl", "por": "pt", "ron": "ro", "rum": "ro",
    "rus": "ru", "slk": "sk", "slo": "sk", "swe": "sv", "tam": "ta", "tur": "tr", "ukr": "uk", "vie": "vi",
    "zho": "zh", "chi": "zh", "cmn": "zh",
    "afr": "af", "amh": "am", "aze": "az", "bel": "be", "ben": "bn", "bos": "bs", "cat": "ca", "cym": "cy", "wel": "cy",
    "est": "et", "eus": "eu", "baq": "eu", "fas": "fa", "per": "fa", "gle": "ga", "glg": "gl", "guj": "gu", "hau": "ha",
    "hye": "hy", "arm": "hy", "isl": "is", "ice": "is", "kat": "ka", "geo": "ka", "kaz": "kk", "khm": "km", "kan": "kn",
    "lao": "lo", "lit": "lt", "lav": "lv", "mkd": "mk", "mac": "mk", "mal": "ml", "mon": "mn", "mar": "mr", "mlt": "mt",
    "mya": "my", "bur": "my", "nep": "ne", "pan": "pa", "slv": "sl", "som": "so", "sqi": "sq", "alb": "sq", "srp": "sr",
    "swa": "sw", "tel": "te", "tha": "th", "urd": "ur", "uzb": "uz", "zul": "zu",
}  # fmt: skip
"""Other codes of languages that speech services know."""
_COUNTRIES = {
    "au": "en", "gb": "en", "nz": "en", "us": "en", "at": "de", "cn": "zh", "cz": "cs", "dk": "da", "eg": "ar",
    "gr": "el", "il": "he", "jp": "ja", "kz": "kk", "mx": "es", "cl": "es", "pe": "es", "uy": "es", "rs": "sr",
    "ua": "uk", "vn": "vi", "br": "pt", "kr": "ko", "se": "sv", "gbr": "en", "chn": "zh", "dnk": "da", "bra": "pt",
}  # fmt: skip
_NAMED = {
    "ar": "arabic العربية عربي", "bg": "bulgarian български", "cs": "czech čeština česky", "da": "danish dansk",
    "de": "german deutsch", "el": "greek ελληνικά", "en": "english", "es": "spanish español castellano castilian",
    "fi": "finnish suomi", "fil": "filipino tagalog", "fr": "french français", "he": "hebrew עברית",
    "hi": "hindi हिन्दी हिंदी", "hr": "croatian hrvatski", "hu": "hungarian magyar", "id": "indonesian indonesia",
    "it": "italian italiano", "ja": "japanese 日本語", "ko": "korean 한국어", "ms": "malay melayu",
    "nl": "dutch flemish nederlands vlaams", "no": "norwegian norsk bokmål nynorsk", "pl": "polish polski",
    "pt": "portuguese português", "ro": "romanian română moldovan", "ru": "russian русский", "sk": "slovak slovenčina",
    "sv": "swedish svenska", "ta": "tamil தமிழ்", "tr": "turkish türkçe", "uk": "ukrainian українська",
    "vi": "vietnamese việt", "zh": "chinese mandarin putonghua 中文 普通话 汉语 简体中文 繁體中文",
    "af": "afrikaans", "bn": "bengali bangla", "ca": "catalan català", "cy": "welsh cymraeg", "et": "estonian eesti",
    "eu": "basque euskara", "fa": "persian farsi فارسی", "ga": "irish gaeilge", "gl": "galician galego",
    "is": "icelandic íslenska", "lt": "lithuanian lietuvių", "lv": "latvian latviešu", "sl": "slovenian slovenščina",
    "sq": "albanian shqip", "sr": "serbian srpski српски", "sw": "swahili kiswahili", "te": "telugu", "th": "thai ไทย",
    "ur": "urdu اردو", "yue": "cantonese 粵語 粤语",
}  # fmt: skip
"""Names of languages, in English and their own."""


def primary(tag: str) -> str:
    """The language of a tag in lower case, without script and region: ISO 639-1 where it has such a code, else three
    letters. "" if the tag names no language."""
    first = _SEPARATORS.split(tag.strip().lower(), maxsplit=1)[0]
    code = _COUNTRIES.get(first) or _SAME.get(first, first)
    if code in _NONE:
        return ""
    return code if _is_code(code) else _named(tag) or _with_region(tag)


def is_tag(tag: str) -> bool:
    """Whether the tag is a code of ISO 639, perhaps with script and region ("pt-BR", "zh_Hant_TW")."""
    found = _TAG.fullmatch(tag)
    return found is not None and _is_code(found[1].lower())


def as_meant(tag: str) -> str:
    """The tag itself, without the rest of a POSIX locale, if it is one; else the code of the language that is meant;
    `UNKNOWN` if there is none."""
    plain = _POSIX.sub("", tag.strip())
    if is_tag(plain) and _SEPARATORS.split(plain.lower())[0] not in _COUNTRIES:
        return plain
    return primary(tag) or UNKNOWN


def _is_code(code: str) -> bool:
    return _CODE.fullmatch(code) is not None and (len(code) == 3 or code in KNOWN)


def _named(text: str) -> str:
    """The only language that a text names; "" if it names none or several."""
    found = {_NAMES[word] for word in _BETWEEN_NAMES.split(_plain(text[:LONGEST_NAME])) if word in _NAMES}
    return found.pop() if len(found) == 1 else ""


def _with_region(text: str) -> str:
    """The language of a code that is followed by a region in another way than tags are ("en (US)")."""
    found = _AND_REGION.match(text.strip())
    return primary(found[1]) if found else ""


def _plain(name: str) -> str:
    """The name in small letters without accents."""
    return "".join(char for char in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(char))


_NAMES = {_plain(name): code for code, names in _NAMED.items() for name in names.split()}
