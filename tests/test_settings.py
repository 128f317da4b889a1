"""Settings: all mistakes reported at once, the embedded default, and no secrets in output."""

from __future__ import annotations

from pathlib import Path

import pytest

from telephony.agent import UNSUITABLE_VOICE_MODELS, Voice
from telephony.errors import SettingsError
from telephony.settings import Settings, describe, load, stand_ins

KEYS = {"TWILIO_AUTH_TOKEN": "tok-en", "OPENAI_API_KEY": "sk-1", "ELEVENLABS_API_KEY": "el-1"}


def problems(environ: dict[str, str], **more: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(environ, env_file=None, **more)  # type: ignore[arg-type]
    return caught.value.problems


def test_nothing_set_is_the_embedded_default() -> None:
    """Without any provider's key and PUBLIC_URL, on loopback, all parts are local."""
    settings = load({}, env_file=None)
    assert settings.offline
    assert (settings.host, settings.port, settings.openai_effort) == ("127.0.0.1", 8080, "none")
    assert dict(describe(settings))["stt"].startswith("local")


def test_all_keys_are_the_real_services() -> None:
    """With the three keys nothing is local, and no further setting is needed."""
    settings = load(KEYS, env_file=None)
    assert not settings.offline
    assert "ElevenLabs" in dict(describe(settings))["tts"]


MODEL, SPEECH, CARRIER = "OPENAI_API_KEY", "ELEVENLABS_API_KEY", "TWILIO_AUTH_TOKEN"
OLLAMA = {"OPENAI_BASE_URL": "http://localhost:11434/v1"}


@pytest.mark.parametrize(
    ("given", "stt", "llm", "carrier"),
    [
        ({MODEL: "sk-1"}, "local", "OpenAI", "local"),
        (OLLAMA, "local", "http://localhost:11434/v1", "local"),
        ({"OPENAI_BASE_URL": "http://192.168.1.5:8000/v1"}, "local", "http://192.168.1.5:8000/v1", "local"),
        ({SPEECH: "el-1"}, "ElevenLabs", "local", "local"),
        ({SPEECH: "el-1", MODEL: "sk-1"}, "ElevenLabs", "OpenAI", "local"),
        ({SPEECH: "el-1", **OLLAMA}, "ElevenLabs", "http://localhost:11434/v1", "local"),
        ({CARRIER: "t", MODEL: "sk-1"}, "local", "OpenAI", "Twilio"),
        ({CARRIER: "t", **OLLAMA}, "local", "http://localhost:11434/v1", "Twilio"),
        ({CARRIER: "t", SPEECH: "el-1", MODEL: "sk-1"}, "ElevenLabs", "OpenAI", "Twilio"),
    ],
)
def test_model_speech_and_carrier_are_chosen_apart(given: dict[str, str], stt: str, llm: str, carrier: str) -> None:
    """Each by its own key; without it the part is local, which is shown."""
    settings = load(given, env_file=None)
    shown = dict(describe(settings))
    assert shown["stt"].startswith(stt)
    assert shown["tts"].startswith(stt)
    assert shown["llm"].startswith(llm)
    assert shown["carrier"].startswith(carrier)
    assert (settings.local_speech, settings.local_llm) == (stt == "local", llm == "local")


@pytest.mark.parametrize("given", [{CARRIER: "t"}, {CARRIER: "t", SPEECH: "el-1"}])
def test_a_real_carrier_needs_a_model(given: dict[str, str]) -> None:
    """A forgotten key must not leave real callers to the example's dialogue."""
    found = problems(given)
    assert len(found) == 1
    assert found[0].startswith("OPENAI_API_KEY is missing")
    assert "--offline" in found[0]
    assert load(given, env_file=None, offline=True).offline


def test_an_empty_value_is_no_value_and_hides_that_of_the_file(tmp_path: Path) -> None:
    """Compose files pass `KEY=`: this means "not set" and takes precedence over .env."""
    file = tmp_path / ".env"
    file.write_text("OPENAI_API_KEY=sk-file\nPORT=9000\n")
    settings = load({"OPENAI_API_KEY": " "}, env_file=file)
    assert (settings.openai_api_key, settings.port, settings.offline) == ("", 9000, True)


def test_offline_on_request_whatever_keys_are_set() -> None:
    """With --offline, keys may be set and are not used."""
    assert load(KEYS, env_file=None, offline=True).offline
    assert load({"OPENAI_API_KEY": "sk-1"}, env_file=None, offline=True).offline


@pytest.mark.parametrize(
    "more", [{"PUBLIC_URL": "https://a.example"}, {"HOST": "0.0.0.0", "TRUSTED_PROXIES": "10.0.0.1"}]
)
def test_a_reachable_service_is_not_silently_local(more: dict[str, str]) -> None:
    """A service reachable from outside needs a carrier and a model, or an explicit --offline."""
    assert "TWILIO_AUTH_TOKEN, OPENAI_API_KEY are missing" in problems(more)[0]
    assert load(more, env_file=None, offline=True).offline


OUTSIDE = [
    {"PUBLIC_URL": "https://a.example"},
    {"PUBLIC_URL": "https://a.example/voice", "HOST": "0.0.0.0"},
    {"HOST": "0.0.0.0", "TRUSTED_PROXIES": "10.0.0.1"},
]
CONSOLE = {"TELEPHONY_CONSOLE_KEY": "a-key-for-the-console"}


@pytest.mark.parametrize("where", OUTSIDE)
@pytest.mark.parametrize("parts", [{}, {MODEL: "sk-1"}, {SPEECH: "el-1"}, {SPEECH: "el-1", **OLLAMA}])
def test_without_twilio_a_reachable_service_is_for_browsers_that_log_in(
    where: dict[str, str], parts: dict[str, str]
) -> None:
    """Whatever its model and speech: whoever calls has the key, or a link of whoever has."""
    settings = load(where | parts | CONSOLE, env_file=None)
    shown = dict(describe(settings))
    assert "the browser only" in shown["carrier"]
    assert stand_ins(settings) == []


@pytest.mark.parametrize("where", OUTSIDE)
@pytest.mark.parametrize("parts", [{}, {MODEL: "sk-1"}, {"TELEPHONY_PLATFORM_KEY": "0123456789ab"}])
def test_a_reachable_service_that_nobody_could_call_is_refused(where: dict[str, str], parts: dict[str, str]) -> None:
    """The sentence names both remedies."""
    found = problems(where | parts)
    assert len(found) == 1
    assert found[0].startswith("TWILIO_AUTH_TOKEN")
    assert "for calls from the browser only, set TELEPHONY_CONSOLE_KEY" in found[0]


@pytest.mark.parametrize(
    ("given", "first"),
    [
        ({"PUBLIC_URL": "https://a.example", CARRIER: "t", **CONSOLE}, "OPENAI_API_KEY is missing"),
        ({"PUBLIC_URL": "https://a.example", "TWILIO_ACCOUNT_SID": "AC" + "1" * 32, **CONSOLE}, "TWILIO_ACCOUNT_SID"),
        ({"HOST": "0.0.0.0", **CONSOLE}, "HOST=0.0.0.0"),
        ({"PUBLIC_URL": "https://a.example", "TELEPHONY_CONSOLE_KEY": "short"}, "TELEPHONY_CONSOLE_KEY must have"),
    ],
)
def test_a_key_for_browsers_excuses_nothing_else(given: dict[str, str], first: str) -> None:
    """A real carrier, or half of one, is checked as before; and where the key travels is still to be said."""
    found = problems(given)
    assert len(found) == 1
    assert found[0].startswith(first)
    assert "browser" not in found[0]


def test_a_model_server_on_this_machine_needs_no_key() -> None:
    """For example Ollama, offline or together with the real speech service."""
    local = {"OPENAI_BASE_URL": "http://localhost:11434/v1/"}
    assert load(local, env_file=None).openai_base_url == "http://localhost:11434/v1"
    for more in ("chat/completions", "chat/completions/", "completions"):  # as manuals print it
        full = {"OPENAI_BASE_URL": f"http://localhost:11434/v1/{more}"}
        assert load(full, env_file=None).openai_base_url == "http://localhost:11434/v1"
    rest = {name: key for name, key in KEYS.items() if name != "OPENAI_API_KEY"}
    assert not load(local | rest, env_file=None).offline
    assert "OPENAI_API_KEY is missing" in problems({"OPENAI_BASE_URL": "https://llm.example/v1"} | rest)[0]


@pytest.mark.parametrize("name", ["TELEPHONY_PLATFORM_KEY", "ELEVENLABS_WEBHOOK_SECRET"])
@pytest.mark.parametrize("key", ["k", "0123456789a"])
def test_a_secret_that_can_be_guessed_is_refused(name: str, key: str) -> None:
    """Whoever knows it uses the model at our cost, or tells us of calls that never were."""
    found = problems({**KEYS, name: key})
    assert len(found) == 1
    assert found[0].startswith(f"{name} must have at least 12 characters")
    load({**KEYS, name: "0123456789ab"}, env_file=None)


def test_an_address_without_its_key_is_incomplete() -> None:
    """Otherwise ELEVENLABS_BASE_URL alone would silently be replaced by the local server."""
    found = problems(
        {"ELEVENLABS_BASE_URL": "https://api.eu.residency.elevenlabs.io", "TWILIO_ACCOUNT_SID": "AC" + "1" * 32}
    )
    assert [line.split(" ")[0] for line in found] == ["ELEVENLABS_BASE_URL", "TWILIO_ACCOUNT_SID"]


def test_every_mistake_is_named_at_once() -> None:
    """One run reports all mistakes."""
    found = problems(
        {
            "HOST": "0.0.0.0",
            "PORT": "80a",
            "TELEPHONY_MAX_CALLS": "0",
            "TELEPHONY_AGENT": "my agent",
            "TELEPHONY_DRAINSECONDS": "3",
            "OPENAI_API_KEY": "sk 1",
            "OPENAI_TOKEN_FIELD": "tokens",
            "TWILIO_API_BASE_URL": "api.twilio.com",
        }
    )
    named = {line.split(" ")[0].split("=")[0] for line in found}
    assert named == {
        "HOST", "PORT", "TELEPHONY_MAX_CALLS", "TELEPHONY_AGENT", "TELEPHONY_DRAINSECONDS", "OPENAI_API_KEY",
        "OPENAI_TOKEN_FIELD", "TWILIO_API_BASE_URL", "TWILIO_AUTH_TOKEN",
    }  # fmt: skip
    assert any("did you mean TELEPHONY_DRAIN_SECONDS?" in line for line in found)


def test_further_problems_are_reported_with_the_others() -> None:
    """For example an agent that cannot be loaded."""
    assert problems({"PORT": "x"}, also=lambda settings: ["no such agent"])[1] == "no such agent"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://calls.example.com", "https"),
        ("wss://calls.example.com", "https"),
        ("calls.example.com", "must be a URL"),
        ("https://", "must be a URL"),
        ("https://calls.example.com/my%20app", "path"),
        ("https://calls.example.com//app", "path"),
        ("https://calls.example.com/twilio/voice", "in front of /twilio/voice"),
        ("https://calls.example.com?x=1", "query"),
        ("https://user:hunter2@calls.example.com", "password"),
        ("https://[bad", "read"),
        ("https://calls.example.com:99999", "read"),
    ],
)
def test_an_unsuitable_public_url_is_refused_with_its_reason(url: str, why: str) -> None:
    """A path that proxies rewrite or a wrong scheme would make every signature check fail; a password must not be
    printed."""
    found = problems({"PUBLIC_URL": url, **KEYS})
    assert len(found) == 1
    assert why in found[0]
    assert "hunter2" not in found[0]


def test_a_public_url_may_have_a_path() -> None:
    """Its slash at the end is removed; upper case stays in the path."""
    settings = load({"PUBLIC_URL": "https://Example.com/Voice/eu-1/", **KEYS}, env_file=None)
    assert settings.public_url == "https://example.com/Voice/eu-1"


def test_values_are_tidied() -> None:
    """Spaces and quotes around a value (copied, or from an env file), a trailing slash of a URL, upper case."""
    settings = load(
        {"PUBLIC_URL": ' "https://Calls.Example.com/" ', "TRUSTED_PROXIES": "10.0.0.0/8 ,::1", "OPENAI_EFFORT": "OMIT"}
        | {name: f" '{key}' " for name, key in KEYS.items()},
        env_file=None,
    )
    assert settings.public_url == "https://calls.example.com"
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")
    assert settings.openai_effort is None
    assert settings.twilio_auth_token == "tok-en"


def test_secrets_are_neither_in_the_repr_nor_in_errors() -> None:
    """A traceback or a log line may contain the settings."""
    settings = load(KEYS, env_file=None)
    assert not [key for key in KEYS.values() if key in repr(settings)]
    assert "hush hush" not in " ".join(problems({"OPENAI_API_KEY": "hush hush"}))


def test_voice_models_that_cannot_hold_a_call_are_refused_with_the_reason() -> None:
    """Models that are too slow or have no realtime socket are refused at the start, not in the first call."""
    for model, why in UNSUITABLE_VOICE_MODELS.items():
        assert why in problems({"ELEVENLABS_MODEL": model})[0]


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("eleven_v3", "no realtime socket"),
        ("eleven_v3_alpha", "no realtime socket"),
        ("ELEVEN_V3", "no realtime socket"),
        ("eleven_v3_conversational", "another socket"),
        ("eleven_v4", "another socket"),
        ("eleven_v4_turbo", "another socket"),
        ("eleven_v4_conversational", "another socket"),
        ("eleven_flash_v3_conversational", "another socket"),
        ("eleven_multilingual_v2", "400 ms"),
        ("eleven_turbo_v2_5", "being retired"),
        ("eleven_turbo_v2", "being retired"),
        ("eleven_monolingual_v1", "retired"),
        ("eleven_multilingual_v1", "retired"),
        ("eleven_multilingual_sts_v2", "not text to speech"),
        ("eleven_english_sts_v2", "not text to speech"),
        ("eleven_ttv_v3", "not text to speech"),
        ("eleven_text_to_sound_v2", "not text to speech"),
        ("scribe_v2_realtime", "not text to speech"),
    ],
)
def test_each_kind_of_model_is_refused_wherever_it_is_named(model: str, why: str) -> None:
    """By the setting, and by an agent's voice when it is made; both name a model that suits."""
    sentence = problems({"ELEVENLABS_MODEL": model})[0]
    with pytest.raises(ValueError, match=f"cannot be used on a call.*{why}") as raised:
        Voice(model=model)
    for text in (sentence, str(raised.value)):
        assert why in text
        assert model in text
        assert "eleven_flash_v2" in text


@pytest.mark.parametrize("model", ["eleven_flash_v2_5", "eleven_flash_v2", "eleven_flash_v3", ""])
def test_other_models_are_taken(model: str) -> None:
    """One that is not known yet may be good."""
    assert load({"ELEVENLABS_MODEL": model}, env_file=None).elevenlabs_model == model or not model
    assert Voice(model=model).model == model


@pytest.mark.parametrize("language", ["de", "nb", "es-MX"])
def test_an_english_model_is_refused_for_another_language(language: str) -> None:
    with pytest.raises(ValueError, match="eleven_flash_v2_5"):
        Voice(model="eleven_flash_v2", language=language)
    assert Voice(model="eleven_flash_v2", language="en-GB")


def test_the_local_carrier_needs_nothing_of_twilios() -> None:
    """The demo with real speech and LLM keys ignores Twilio settings and the outside address."""
    environ = {"OPENAI_API_KEY": "sk-1", "ELEVENLABS_API_KEY": "el-1", "HOST": "0.0.0.0", "TWILIO_ACCOUNT_SID": "bad"}
    settings = load(environ, env_file=None, local_carrier=True)
    assert not settings.offline
    assert settings.host == "127.0.0.1"
    assert load({"TWILIO_AUTH_TOKEN": "t"}, env_file=None, local_carrier=True).offline
    assert load({"OPENAI_API_KEY": "sk-1"}, env_file=None, local_carrier=True).local_speech


def test_a_file_that_is_not_utf8_is_reported_without_a_traceback(tmp_path: Path) -> None:
    """For example a UTF-16 .env from a Windows editor."""
    file = tmp_path / ".env"
    file.write_bytes("PORT=1".encode("utf-16"))
    with pytest.raises(SettingsError, match="UTF-8"):
        load({}, env_file=file)


def test_settings_are_frozen() -> None:
    """They are read once."""
    with pytest.raises(AttributeError):
        Settings().port = 1  # type: ignore[misc]
