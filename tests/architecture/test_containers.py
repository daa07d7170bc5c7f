"""What compose.yaml and the Dockerfile promise. No engine runs here: they are read, and Kafka's part is carried out."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from pydantic import ValidationError

from compose.kafka.jars import VERSION, jars
from compose.kafka.node import SETTINGS
from compose.runtime import runtime
from handlers.process.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose" / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WORKERS = ["worker-1", "worker-2"]
DOCKERFILE = (ROOT / "compose" / "Dockerfile").read_text()
LOCK = (ROOT / "requirements.lock").read_text()
PYPROJECT = (ROOT / "pyproject.toml").read_text()
#: Settings of the node that hang on its addresses.
ADDRESSES = {"listener.security.protocol.map"}


def instructions() -> list[str]:
    """The Dockerfile's instructions, each on one line, without comments."""
    text = "\n".join(line for line in DOCKERFILE.splitlines() if not line.startswith("#"))
    return [line.strip() for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def stages() -> list[list[str]]:
    found: list[list[str]] = []
    for line in instructions():
        if line.startswith("FROM "):
            found.append([])
        found[-1].append(line)
    return found


def environment(service: str) -> dict[str, str]:
    found: dict[str, str] = SERVICES[service]["environment"]
    return found


def settings_of(service: str, **changed: str) -> Settings:
    given = {**environment(service), **changed}
    return Settings(**{name.removeprefix("AGENDUM_").lower(): value for name, value in given.items()})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_is_root_or_can_write_outside_its_volumes(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] not in ("root", "0", "0:0")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert "privileged" not in service
    assert not [volume for volume in service.get("volumes", []) if volume.startswith((".", "/"))]


@pytest.mark.parametrize("name", SERVICES)
def test_only_loopback_is_published(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert all(port.startswith("127.0.0.1:") for port in ports), ports
    assert not [port for port in ports if name in WORKERS and not port.endswith(":8080")]


@pytest.mark.parametrize("name", SERVICES)
def test_images_have_a_version(name: str) -> None:
    assert re.fullmatch(r"[a-z/]+:\d+\.\d+\.\d+", SERVICES[name]["image"])


def test_no_two_services_publish_one_port_or_share_a_volume() -> None:
    for what in ("ports", "volumes"):
        found = [each.rsplit(":", 1)[0] for service in SERVICES.values() for each in service.get(what, [])]
        assert len(found) == len(set(found)), found
    assert {each.split(":")[0] for service in SERVICES.values() for each in service.get("volumes", [])} == {
        *COMPOSE["volumes"]
    }


def test_what_serves_is_checked_and_what_needs_it_waits() -> None:
    assert "kafka-broker-api-versions.sh" in SERVICES["kafka"]["healthcheck"]["test"][1]
    for name in WORKERS:
        assert "/readyz" in SERVICES[name]["healthcheck"]["test"][-1]
        assert SERVICES[name]["depends_on"] == {"kafka": {"condition": "service_healthy"}}
    ready = {name: {"condition": "service_healthy"} for name in WORKERS}
    assert SERVICES["demo"]["depends_on"] == ready
    assert SERVICES["executor"]["depends_on"] == {**ready, "demo": {"condition": "service_completed_successfully"}}


def test_what_serves_is_started_again_and_the_example_is_not() -> None:
    policies = {name: service["restart"] for name, service in SERVICES.items()}
    assert policies.pop("demo") == "no"
    assert set(policies.values()) == {"unless-stopped"}


@pytest.mark.parametrize("name", WORKERS)
def test_every_variable_of_a_worker_is_a_setting(name: str) -> None:
    known = {f"AGENDUM_{field.upper()}" for field in Settings.model_fields}
    assert environment(name).keys() <= known
    found = settings_of(name)
    assert (found.host, found.internal_host) == ("0.0.0.0", name)
    assert found.internal_host == SERVICES[name]["hostname"]


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_needs_to_be_told_that_the_network_keeps_others_away(name: str) -> None:
    with pytest.raises(ValidationError, match="AGENDUM_ALLOW_REMOTE"):
        settings_of(name, AGENDUM_ALLOW_REMOTE="false")


def test_secrets_come_from_outside_and_are_demanded() -> None:
    for name in WORKERS:
        for secret in ("AGENDUM_SECRET", "AGENDUM_SEALING_SECRET"):
            assert environment(name)[secret].startswith(f"${{{secret}:?")
    assert not re.search(r"SECRET|TOKEN|PASSWORD", "\n".join(instructions()))
    assert "**/.env" in (ROOT / ".dockerignore").read_text().splitlines()
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.fixture
def written(tmp_path: Path) -> dict[str, str]:
    """The settings that the image's own start makes of the environment; it formats the storage with them."""
    for folder in ("default", "mounted", "final"):
        (tmp_path / folder).mkdir()
    (tmp_path / "default" / "server.properties").touch()
    for name in ("log4j2.yaml", "tools-log4j2.yaml"):
        (tmp_path / "default" / name).write_text("Configuration: {Loggers: {Root: {level: ERROR}}}\n")
    folders = [f"--{name}-configs-dir={tmp_path / name}" for name in ("default", "mounted", "final")]
    done = subprocess.run(
        [shutil.which("java") or "java", "-cp", f"{jars()}/*", "kafka.docker.KafkaDockerWrapper", "setup", *folders],
        env={"PATH": os.environ["PATH"], **environment("kafka"), "KAFKA_LOG_DIRS": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "data" / "meta.properties").exists()
    lines = (tmp_path / "final" / "server.properties").read_text().split()
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.kafka
def test_the_image_makes_of_its_environment_the_settings_of_the_local_broker(written: dict[str, str]) -> None:
    assert {name: written.get(name) for name in SETTINGS.keys() - ADDRESSES} == {
        name: value for name, value in SETTINGS.items() if name not in ADDRESSES
    }
    copies = [name for name in written if name.endswith(("replication.factor", "min.isr", "insync.replicas"))]
    assert len(copies) == 7
    assert {written[name] for name in copies} == {"1"}


def test_the_image_of_kafka_is_of_the_version_whose_jars_are_tested() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{VERSION}"


def test_the_dockerfile_builds_in_one_stage_and_ships_another_that_is_not_root() -> None:
    build, shipped = stages()
    assert build[0].endswith(" AS build")
    base = shipped[0].removeprefix("FROM ")
    assert build[0].startswith(f"FROM {base} ")
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", base)
    user = [line for line in shipped if line.startswith("USER ")]
    assert user == ["USER 10001:10001"]
    assert shipped.index(user[0]) > max(number for number, line in enumerate(shipped) if line.startswith("RUN "))
    assert not re.search(r"apt-get|gcc|build-essential|curl|ADD ", "\n".join(instructions()))
    assert [line for line in shipped if line.startswith("COPY ")] == ["COPY --from=build /opt/agendum /opt/agendum"]
    assert any(line.startswith("HEALTHCHECK") and "/healthz" in line for line in shipped)
    assert any(line.startswith("LABEL org.opencontainers.image.title=") for line in shipped)


def test_the_dockerfile_installs_by_sum_and_what_it_copies_is_not_ignored() -> None:
    installs = [part for line in instructions() for part in line.split("&&") if " install --no-cache-dir" in part]
    assert len(installs) == 2
    assert "--require-hashes -r runtime.lock" in installs[0]
    assert "--no-deps --no-build-isolation --no-index ." in installs[1]
    sources = [line.split()[1:-1] for line in instructions() if re.match(r"COPY (?!--from)", line)]
    allowed = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    assert {name for names in sources for name in names} == allowed
    assert all((ROOT / name).exists() for name in allowed)


def test_the_runtime_part_of_the_lock_is_what_the_installed_program_needs() -> None:
    found = set(re.findall(r"^([a-z0-9-]+)==", runtime(LOCK, PYPROJECT), re.MULTILINE))
    needed: set[str] = set()
    more = tomllib.loads(PYPROJECT)["project"]["dependencies"]
    while more:
        each = Requirement(more.pop())
        name = each.name.lower().replace("_", "-")
        if name not in needed and (each.marker is None or each.marker.evaluate({"extra": ""})):
            needed.add(name)
            more += importlib.metadata.requires(name) or []
    assert needed <= found
    assert not found & {"pytest", "mypy", "ruff", "pip", "pip-tools", "testcontainers", "pyyaml"}


def test_the_runtime_part_keeps_every_sum_and_names_what_is_missing() -> None:
    part = runtime(LOCK, PYPROJECT)
    blocks = re.findall(r"^[a-z0-9-]+==.*?(?=^[a-z0-9-]+==|\Z)", part, re.MULTILINE | re.DOTALL)
    assert all("--hash=sha256:" in block for block in blocks)
    assert all(block in LOCK for block in blocks[:-1])
    with pytest.raises(ValueError, match="expected the lock to have aiohttp"):
        runtime(LOCK.replace("\naiohttp==", "\naiohttp-else=="), PYPROJECT)
