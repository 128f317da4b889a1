"""Why a conversation with a managed agent is over, for the core and for the log."""

from __future__ import annotations

from websockets.exceptions import ConnectionClosed

from telephony.core.managed_events import ManagedCause, ManagedClosed
from telephony.elevenlabs import agents_codec
from telephony.elevenlabs.connection import FLOODED, describe
from telephony.elevenlabs.faults import TRANSPORT_CLOSES
from telephony.errors import ProviderError
from telephony.log_redaction import without_secrets

_CAUSES = {
    "provider_refused": ManagedCause.MANAGED_REFUSED,
    "provider_busy": ManagedCause.MANAGED_BUSY,
    "provider_timeout": ManagedCause.MANAGED_TIMEOUT,
    "provider_misbehaved": ManagedCause.MANAGED_MISBEHAVED,
    FLOODED: ManagedCause.MANAGED_MISBEHAVED,
}

_MEANINGS = {"provider_refused": "the platform refused to start", FLOODED: "the platform sent far too many messages"}


class Closed(Exception):
    """Ends the conversation: carries the `ManagedClosed` to report and, for the log, its explanation. `passes`: it was
    a fault of the transport."""

    def __init__(
        self, code: int, cause: ManagedCause, detail: str = "", means: str = "", *, passes: bool = False
    ) -> None:
        super().__init__(cause)
        self.event = ManagedClosed(code, cause, without_secrets(detail))
        self.means, self.passes = means, passes


def by_close(error: ConnectionClosed, error_text: str, opened: bool = True) -> Closed:
    """The reason for a closed socket. `error_text`: what an error message said before; `opened`: the conversation had
    begun."""
    if error.sent is not None and not error.rcvd_then_sent and error.sent.code in agents_codec.OWN_CLOSES:
        cause, means = agents_codec.OWN_CLOSES[error.sent.code]
        return Closed(int(error.sent.code), cause, error_text, means)
    code = int(error.rcvd.code) if error.rcvd is not None else 1006
    reason = error.rcvd.reason if error.rcvd is not None else ""
    cause, means = agents_codec.meaning(code, reason)
    if cause is ManagedCause.ENDED and not opened:  # the caller has not heard an agent yet
        cause, means = ManagedCause.MANAGED_REFUSED, "the platform did not begin the conversation"
    passes = code in TRANSPORT_CLOSES and not error_text and cause is not ManagedCause.ENDED
    return Closed(code, cause, reason or error_text, means, passes=passes)


def why(error: BaseException) -> Closed:
    """The reason for whatever ended the conversation; of several exceptions, the platform's own close wins."""
    while isinstance(error, BaseExceptionGroup):
        error = next((e for e in error.exceptions if isinstance(e, Closed)), error.exceptions[0])
    if isinstance(error, Closed):
        return error
    if isinstance(error, ConnectionClosed):
        return by_close(error, "")
    if isinstance(error, ProviderError):  # of the REST client, which has tried again where it may help
        code, detail, passes = error.code, str(error), False
    else:
        fault = describe(error)
        code, detail, passes = fault.slug, fault.said, fault.retryable and not isinstance(error, TimeoutError)
    means = _MEANINGS.get(code, "the platform could not be reached")
    return Closed(0, _CAUSES.get(code, ManagedCause.MANAGED_UNAVAILABLE), detail, means, passes=passes)
