"""What can be set, from where, and what is refused."""

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from handlers.process.settings import Settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AGENDUM_")]:
        monkeypatch.delenv(name)


def settings(**given: Any) -> Settings:
    return Settings(**given)


def test_a_worker_that_is_told_nothing_listens_on_loopback_alone() -> None:
    found = settings()
    assert (found.host, found.internal_host, found.allow_remote) == ("127.0.0.1", "127.0.0.1", False)
    assert found.poll == 5.0  # getAgenda's long poll (spec 7.1)


def test_the_environment_sets_values_and_arguments_go_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENDUM_PORT", "9000")
    monkeypatch.setenv("AGENDUM_DATA", "rows")
    monkeypatch.setenv("AGENDUM_POISONOUS", "[[3, 17], [0, 2]]")
    found = settings(prefix="mine")
    assert (found.port, found.data, found.prefix) == (9000, Path("rows"), "mine")
    assert found.poisonous == [(3, 17), (0, 2)]
    assert settings(port=9001).port == 9001


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARTITIONS", "0"),
        ("PARTITIONS", "1025"),
        ("REPLICATION", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("INTERNAL_PORT", "-1"),
        ("SESSION", "0"),
        ("HEARTBEAT", "-1"),
        ("PATIENCE_MS", "0"),
        ("BODY_BYTES", "0"),
        ("POLL", "-0.1"),
        ("ALLOW_REMOTE", "perhaps"),
        ("POISONOUS", "[[3]]"),
    ],
)
def test_refuses_a_value_out_of_bounds_by_its_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"AGENDUM_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        settings()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_may_be_said_in_any_way(host: str) -> None:
    assert settings(host=host, internal_host=host).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.7", "localhost.example.org", "worker-1"])
@pytest.mark.parametrize("listener", ["host", "internal_host"])
def test_refuses_to_let_the_world_in_unless_told_to(monkeypatch: pytest.MonkeyPatch, listener: str, host: str) -> None:
    monkeypatch.setenv(f"AGENDUM_{listener.upper()}", host)
    with pytest.raises(ValidationError, match="expected a loopback address"):
        settings()
    monkeypatch.setenv("AGENDUM_ALLOW_REMOTE", "true")
    assert getattr(settings(), listener) == host


JWT = {"auth": "jwt", "jwt_issuer": "https://issuer.test", "jwt_audience": "agendum", "jwt_keys": "keys.json"}


def test_with_tokens_the_world_may_be_listened_to() -> None:
    assert settings(**JWT, host="0.0.0.0", internal_host="10.0.0.7", secret="s").host == "0.0.0.0"
    assert settings(**JWT, host="127.0.0.1").secret == "agendum"


@pytest.mark.parametrize("listener", ["host", "internal_host"])
def test_tokens_do_not_help_where_everyone_knows_the_workers_secret(listener: str) -> None:
    with pytest.raises(ValidationError, match="expected a secret of your own"):
        settings(**JWT, **{listener: "10.0.0.7"})


@pytest.mark.parametrize("name", ["jwt_issuer", "jwt_audience", "jwt_keys", "jwt_accounts", "jwt_super_user"])
def test_tokens_need_all_that_they_are_held_to(name: str) -> None:
    with pytest.raises(ValidationError, match=f"expected AGENDUM_{name.upper()}"):
        settings(**{**JWT, name: " "})


@pytest.mark.parametrize("algorithms", ["[]", '["none"]', '["HS256"]', '["RS256", "HS512"]', '["rs256"]', '["RS1"]'])
def test_only_asymmetric_algorithms_can_be_set(monkeypatch: pytest.MonkeyPatch, algorithms: str) -> None:
    monkeypatch.setenv("AGENDUM_JWT_ALGORITHMS", algorithms)
    with pytest.raises(ValidationError, match="jwt_algorithms"):
        settings(**JWT)


def test_keys_do_not_travel_in_the_clear() -> None:
    with pytest.raises(ValidationError, match="https"):
        settings(**{**JWT, "jwt_keys": "http://issuer.test/keys"})
    for source in ("https://issuer.test/keys", "http://127.0.0.1:1/keys", "/etc/keys.json"):
        assert settings(**{**JWT, "jwt_keys": source}).jwt_keys == source


def test_there_is_no_third_way_to_tell_who_asks() -> None:
    with pytest.raises(ValidationError, match="auth"):
        settings(auth="none")


def test_settings_do_not_change_while_a_worker_runs() -> None:
    found = settings()
    with pytest.raises(ValidationError, match="frozen"):
        found.port = 1


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
