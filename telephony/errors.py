"""Every error of the package, in one tree.

    TelephonyError
    ├── SettingsError            wrong or missing settings, all reported at once
    ├── ToolFailed               a tool says in words that it has not done what it was to do
    ├── DialRefused              a call that our own rules do not allow; nothing was dialled
    ├── MessageRefused           a text message that our own rules do not allow; nothing was sent
    ├── CarrierError             Twilio (or a client claiming to be Twilio) broke the protocol
    │   ├── BadMessage           a message that cannot be read; ignored and counted
    │   ├── Unauthorized         signature, token or account do not match
    │   ├── CallNotPlaced        Twilio refused to place a call; nothing was dialled
    │   └── MessageNotSent       Twilio refused a text message; nothing was sent
    └── ProviderError            a speech or language service failed
        ├── ProviderUnavailable  connection refused, lost, 5xx           (retryable)
        ├── ProviderTimeout      no answer in time                        (retryable)
        ├── ProviderBusy         429, concurrency limit                   (retryable)
        ├── ProviderRefused      key, quota, model, voice or request refused
        └── ProviderMisbehaved   an answer that breaks the protocol

The type says which side failed; `code` is a stable string for logs, metrics and tests; `retryable` says whether the
same request may succeed a moment later. Messages never contain keys or phone numbers; that of a ProviderError may quote
words, so it goes to the log through `log_redaction.said`.
"""

from __future__ import annotations

from telephony.log_redaction import without_secrets


class TelephonyError(Exception):
    """Root of the tree. `code` is stable (snake_case); `retryable`: the same request may succeed a moment later."""

    code: str = "telephony_error"
    retryable: bool = False

    def __init__(self, message: str = "", *, code: str | None = None, retryable: bool | None = None) -> None:
        super().__init__(message or code or self.code)
        if code is not None:
            self.code = code
        if retryable is not None:
            self.retryable = retryable


class SettingsError(TelephonyError):
    """Invalid settings. `problems` holds one sentence for each problem."""

    code = "settings_invalid"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class ToolFailed(TelephonyError):
    """Raised by a tool. The message is its result for the model: what was not done, and what to tell the caller."""

    code = "tool_failed"


class DialRefused(TelephonyError):
    """A call that our own rules do not allow, or that cannot be placed as things are. Nothing was dialled, and no
    attempt was used up."""

    code = "dial_refused"


class MessageRefused(TelephonyError):
    """A text message that our own rules do not allow, or that cannot be sent as things are. Nothing was sent. The
    message of the error is a sentence for the model."""

    code = "message_refused"


class CarrierError(TelephonyError):
    """The carrier broke the protocol."""

    code = "carrier_error"


class BadMessage(CarrierError):
    """A message that cannot be read. It is ignored and counted; the call goes on."""

    code = "bad_message"


class Unauthorized(CarrierError):
    """A signature, token or account that does not match."""

    code = "unauthorized"


class CallNotPlaced(CarrierError):
    """Twilio says that it did not place the call. `carrier_code` is Twilio's code, or 0."""

    code = "not_placed"

    def __init__(self, message: str, carrier_code: int = 0) -> None:
        super().__init__(message)
        self.carrier_code = carrier_code


class MessageNotSent(CarrierError):
    """Twilio says that it did not send the message. `carrier_code` is Twilio's code, or 0."""

    code = "not_sent"

    def __init__(self, message: str, carrier_code: int = 0) -> None:
        super().__init__(message)
        self.carrier_code = carrier_code


class ProviderError(TelephonyError):
    """A speech or language service failed. `provider` is a short name such as `elevenlabs_tts`. Of `message`, which may
    be the service's own, keys and phone numbers are removed."""

    code = "provider_error"

    def __init__(
        self, message: str = "", *, provider: str = "", code: str | None = None, retryable: bool | None = None
    ) -> None:
        super().__init__(without_secrets(message), code=code, retryable=retryable)
        self.provider = provider


class ProviderUnavailable(ProviderError):
    """Connection refused or lost, or a server error."""

    code = "provider_unavailable"
    retryable = True


class ProviderTimeout(ProviderError):
    """No answer in time."""

    code = "provider_timeout"
    retryable = True


class ProviderBusy(ProviderError):
    """Rate or concurrency limit."""

    code = "provider_busy"
    retryable = True


class ProviderRefused(ProviderError):
    """Key, quota, model, voice or request refused: a retry cannot help."""

    code = "provider_refused"


class ProviderMisbehaved(ProviderError):
    """An answer that breaks the protocol."""

    code = "provider_misbehaved"
