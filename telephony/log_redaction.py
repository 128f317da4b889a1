"""What may be logged of a text that somebody else wrote: a vendor's error, a close reason, an SDK's exception. Pure.

Such a text tells the operator what to change, but it may quote what it refuses: the caller's words, phone numbers, the
request's headers. Secrets and phone numbers are removed always; words, unless personal data may be logged. Whose words
a text quotes cannot be seen from outside, so a word stays only if it is one that errors are written with
(`VOCABULARY`); the others become "…". A clause with several other words is somebody's speech: it goes as a whole.
"""

from __future__ import annotations

import re

LIMIT = 300
"""Characters of a text that are kept."""
_READ = 1_000  # characters looked at
_SHORTEST_SECRET = 4
VOCABULARY = frozenset(
    """
    a able about above absent abuse accept access account active activity add additional administrator after again
    agent agents alignment all allow allowance allowed already also alternate an and another answer any api
    application apply are argument arrive as ask asr assistant associated at attempt audio auth authenticate
    authentication authorization authorize auto available awaited away back backend bad balance base be bearer
    because become been before begin behind being below between billing binary body both broke broken buffer busy
    but by byte bytes call can cannot capacity certificate change channel character characters chat check chunk
    chunks clear client close code commit committed compatible complete completion component concurrency concurrent
    config configuration configure connect connection connections contact contain content context contexts continue
    conversation coroutine corrupt could create created creator credential credentials credit credits current
    currently data day deactivated decode default degraded delete deleted denied dependency deployment deprecated
    details detect detector dial did different disable disabled disconnect disconnected do document does domain done
    down drop due duplicate duration during dynamic each either eleven elevenlabs empty enable encode encoding end
    endpoint engine enough enterprise environment error event every exceed exceeded exceeds exception excess
    exhausted exist existing expected expire expired external fail failed failure fault feature field file find
    finish finished first flash for forbidden format found free from full function future gateway gave general
    generate generation get given go goes going gone gpt greater group had handle handshake has have header headers
    help high host hour hours how however html http https id identifier idle if in inactive inactivity incomplete
    incorrect increase inference initialize input instance instead insufficient integer internal invalid is it its
    json keepalive key keys kind language languages large last later least leave left length less level library
    limit limits line list load local locale location log long longer lost low made maintenance make malformed
    malfunction many match matching max maximum may mean media memory message messages method mime mini minimum
    minute minutes misconfigured mismatch missing model models moment monthly more most mp3 multilingual multiple
    must name nano need network never new next no non none normal not nothing null number object of off on once one
    only open openai operation option or order organization other out outage output over overload overloaded
    override own page paid parallel parameter params parse part partial pass password payload payment pcm peer
    pending per permission permitted ping plan platform please policy pong possible present previous problem process
    processing project prompt property protocol provide provided provider proxy public purchase quality query queue
    quota quotas range rate raw reach read ready realtime reason receive received recognition recognizer reconnect
    redirect refuse refused region register reject remaining remove removed rename repeat request requested requests
    require required reset resource resources respond response restart restarting result retired retrieve retry
    retrying return role route run running safety same sample schema scope scribe second seconds secret see send
    sent server service session set setting settings should shut shutdown signature signed similar simultaneous
    since single size slot slow socket some something soon sorry source space speech speed stall start started state
    status step stop stopped stream streaming string subscription such suffix supply support supported sure
    suspended syntax synthesis system task template temporarily temporary term terminate text than that the their
    them then there these they this those throttle throttled through tier time timed timeout times tls to token
    tokens too tool tools total traffic transcriber transcript transcription transport trial tries trigger try turbo
    twilio twiml type ulaw unable unauthorized unavailable unchanged unexpected unhandled unhealthy unknown
    unsupported until unused unusual up update upgrade upstream url usage use used user uses using utf valid
    validation value variable verify version via violation voice voices wait warning was wav we web webhook
    websocket were what when where which while why will with within without workspace would wrong xml yet you your
    """.split()
)
_ENDINGS = ("", "s", "es", "d", "ed", "ing", "ly", "n")

_URL = re.compile(r"\b(?:wss?|https?)://[^\s'\"<>]+", re.I)
_AUTHORIZATION = re.compile(r"\b(?:bearer\s+(?:\[secret\]|[^\s'\",;)}\]]+)|(?:basic|digest)\s+[\w+/=-]{8,})", re.I)
_NAMED = re.compile(
    r"(?<![\w-])([\w-]{0,40}(?:authorization|api[-_ ]?key|secret|password|signature|[\w-]_token|\btoken(?=['\"]?=)|"
    r"credential)s?"
    r"['\"]?\s*[:=]\s*)"
    r"(?:\[secret\]|['\"][^'\"]*['\"]?|[^\s'\",;&)}\]]+)",
    re.I,
)
_KEY = re.compile(r"\b(?:sk|pk|rk|xi|key|wsec|ey|hf|gh[pousr])[-_][\w*.-]{6,}", re.I)
_LONG = re.compile(r"(?<![A-Za-z0-9+/])(?=[A-Za-z+/]*\d)(?=[\d+/]*[A-Za-z])[A-Za-z0-9+/]{16,}={0,2}")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w.-]+")
_BETWEEN = r"[^\w,;:'\"{}<>=&?!]{0,4}"  # the digits of a number: whatever is no letter and no mark of a list
_PHONE = re.compile(rf"[+\uff0b]{_BETWEEN}\d(?:{_BETWEEN}\d){{4,}}|[(\uff08]?\d(?:{_BETWEEN}\d){{6,}}")
_SHARE = re.compile(r"[1-9]\d{0,5} ?/ ?[1-9]\d{0,5}")
"""A used and a whole amount, as in a quota: no phone number."""
_SPELLED = re.compile(r"\b\d{1,2}(?:\W{1,3}\d{1,2}\b)+")
_PART = re.compile(r"\[(?:secret|number|url|email)\]|\w+(?:['’]\w+)*|\s+|.", re.S)
_CLAUSE = re.compile(r"(?<=[.:;!?,(){}\[\]\"])(?!(?:secret|number|url|email)\])")
_HOLE = re.compile(r"…(?:[^\w\[\]]*…)+")


def without_secrets(text: str, *secrets: str) -> str:
    """`text` on one line, of at most `LIMIT` characters, without phone numbers, keys, values of Authorization headers,
    URLs, and `secrets`. For places where personal data is allowed."""
    return _cut(_scrubbed(text, secrets))


def without_words(text: str, *secrets: str) -> str:
    """Also without words that may be somebody's: safe in any log."""
    clauses = _CLAUSE.split(_SPELLED.sub("…", _scrubbed(text, secrets)))
    return _cut(_HOLE.sub("…", "".join(map(_clause, clauses))))


def said(text: str, *secrets: str) -> dict[str, str]:
    """What to add to a log line: `detail` for any log, `pii_detail` if more may be said where personal data may be
    logged; nothing for an empty text."""
    detail, whole = without_words(text, *secrets), without_secrets(text, *secrets)
    return ({"detail": detail} if detail else {}) | ({"pii_detail": whole} if whole != detail else {})


def identifier(text: object) -> str:
    """A stranger's identifier, such as an error's slug, if it is one; otherwise ""."""
    return text if isinstance(text, str) and re.fullmatch(r"(?!.*\d{7})[a-z][a-z0-9_]{0,59}", text) else ""


def _scrubbed(text: str, secrets: tuple[str, ...]) -> str:
    text = text[:_READ]
    for secret in secrets:
        text = _without(text, secret)
    text = _URL.sub("[url]", "".join(char if char.isprintable() else " " for char in text))
    text = _AUTHORIZATION.sub("[secret]", text)
    text = _NAMED.sub(r"\1[secret]", text)
    text = _LONG.sub("[secret]", _KEY.sub("[secret]", text))
    return " ".join(_PHONE.sub(_masked, _EMAIL.sub("[email]", text)).split())


def _masked(number: re.Match[str]) -> str:
    return number[0] if _SHARE.fullmatch(number[0]) else "[number]"


def _without(text: str, secret: str) -> str:
    """`text` without `secret`, and without the beginning of it at the end: reasons of a close are cut to 123 bytes."""
    if len(secret) < _SHORTEST_SECRET:
        return text
    text = text.replace(secret, "[secret]")
    beginnings = (secret[:length] for length in range(len(secret) - 1, _SHORTEST_SECRET - 1, -1))
    cut = next((beginning for beginning in beginnings if text.endswith(beginning)), "")
    return text[: len(text) - len(cut)] + "[secret]" if cut else text


def _clause(clause: str) -> str:
    """The clause with "…" for each word that is not in the vocabulary; only "…" if there are several."""
    parts = _PART.findall(clause)
    words = [part for part in parts if part[0].isalnum()]
    unknown = sum(not _is_known(word) for word in words)
    if unknown >= 2 and unknown * 3 >= len(words):
        return " …" if clause[0].isspace() else "…"
    return "".join("…" if part[0].isalnum() and not _is_known(part) else part for part in parts)


def _is_known(word: str) -> bool:
    """A number of at most two digits, or a word of the vocabulary; an identifier is made of such."""
    pieces = re.split(r"[_'’]", word.lower())
    return all(not piece or re.fullmatch(r"v?[0-9]{1,2}", piece) or _in_vocabulary(piece) for piece in pieces)


def _in_vocabulary(word: str) -> bool:
    return any(word.endswith(ending) and word.removesuffix(ending) in VOCABULARY for ending in _ENDINGS) or (
        word in ("t", "s")  # of "don't", "it's"
    )


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"
