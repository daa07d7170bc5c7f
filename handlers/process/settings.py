"""Everything that can be set, from the environment (`AGENDUM_…`), with its unit and default."""

import ipaddress
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_SECRET = "agendum"  # noqa: S105  # for loopback


class Settings(BaseSettings):
    """One worker's settings."""

    model_config = SettingsConfigDict(env_prefix="AGENDUM_", frozen=True)

    kafka: str = Field("127.0.0.1:9092", description="Kafka's addresses, a comma between them")
    prefix: str = Field("agendum", description="what the topics' names begin with")
    partitions: int = Field(12, ge=1, le=1024, description="partitions of `agendas`; fixed for ever at creation")
    replication: int = Field(1, ge=1, description="copies of each topic at creation")
    data: Path = Field(Path("agendum-data"), description="directory of this worker's rows; one per worker")

    host: str = Field("127.0.0.1", description="address of the public listener")
    port: int = Field(8080, ge=0, le=65535, description="port of the public listener; 0: any free one")
    base_path: str = Field(
        "", pattern="^(/[^/?#%]+)*$", description="what stands before /pop, as /api; a stage as /dev may come between"
    )
    internal_host: str = Field("127.0.0.1", description="address at which other workers reach this one")
    internal_port: int = Field(0, ge=0, le=65535, description="port of the internal listener; 0: any free one")
    secret: str = Field(DEFAULT_SECRET, description="what workers prove to each other that they are workers")
    allow_remote: bool = Field(False, description="listen beyond loopback although any token is accepted")

    auth: Literal["sample", "jwt"] = Field("sample", description="who asks: any token (POP's sample), or JWTs")
    auth_user: str = Field("agendum", description="name of every caller, as POP's sample authorizer has it")
    auth_accounts: str = Field("*", description="accounts of every caller, | between them; * for all")
    jwt_issuer: str = Field("", description="`iss` of the tokens that are accepted")
    jwt_audience: str = Field("", description="`aud` of the tokens that are accepted")
    jwt_keys: str = Field("", description="the issuer's key set (JWKS): a file, or an https URL")
    jwt_algorithms: list[Literal["RS256", "ES256", "EdDSA"]] = Field(
        ["RS256", "ES256", "EdDSA"], min_length=1, description="signature algorithms that are accepted, as JSON"
    )
    jwt_skew: float = Field(30.0, ge=0, le=300, description="s that the issuer's clock may differ from this one")
    jwt_accounts: str = Field("accounts", description="claim with the accounts: a list, or a text with | between")
    jwt_super_user: str = Field("isSuperUser", description="claim that, if true, lets its bearer see and change all")
    jwt_refresh: float = Field(300.0, gt=0, description="s between two looks at the key set")
    jwt_pause: float = Field(10.0, gt=0, description="s between two looks at the least, whatever keys tokens name")
    sealing_secret: str = Field("agendum", description="secret of the MACs of sealed payloads; never change it")

    session: float = Field(10.0, gt=0, description="s of silence after which the group gives partitions away")
    rebalance: float = Field(10.0, gt=0, description="s that a rebalance waits for a member")
    heartbeat: float = Field(1.0, gt=0, description="s between heartbeats")
    patience_ms: int = Field(600_000, gt=0, description="ms within which a dispatched agenda must be heard of")
    prompt_patience_ms: int = Field(30_000, gt=0, description="the same, of our own executor, which reports at once")
    reclaim_ms: int = Field(300_000, gt=0, description="ms of silence after which an executor counts as lost")
    retry_ms: int = Field(1_000, ge=0, description="ms before a failed agenda runs again; doubles with each failure")
    timers_every_ms: int = Field(
        500, gt=0, description="ms between two looks at what expiry, reclaimer and retry find due"
    )
    reap_agenda_ms: int = Field(259_200_000, ge=0, description="ms after which an agenda at rest is reaped; 0: never")
    reap_progress_ms: int = Field(259_200_000, ge=0, description="the same, of a progress with its operations")
    reap_operation_ms: int = Field(259_200_000, ge=0, description="the same, of operations by themselves")
    reap_trace_ms: int = Field(
        691_200_000,
        ge=86_400_000,
        description="ms after which a deleted run's trace is reaped: not before the inbox has let go of its commands",
    )
    reap_every_ms: int = Field(60_000, gt=0, description="ms between two walks of the reaper")
    dry_run: list[Literal["expiry", "reclaimer", "retry", "reaper"]] = Field(
        [], description="timed processes that only count what is due, as JSON: expiry, reclaimer, retry, reaper"
    )
    body_bytes: int = Field(1 << 20, gt=0, description="bytes of a request's body at most")
    hold: float = Field(15.0, ge=0, description="s that a request is held while its partition moves")
    poll: float = Field(5.0, ge=0, description="s that getAgenda waits for work")
    poisonous: list[tuple[int, int]] = Field(
        [], description="records that all readers drop, as JSON: [[partition, offset]]"
    )
    inbox_customers: str = Field("", description="customers that the inbox may speak for, | between them; * for all")
    inbox_concurrency: int = Field(64, ge=1, description="commands of the inbox that are asked at once")
    log_level: str = Field("INFO", description="least level of what is logged")

    failpoint: str = Field(
        "", description="for tests: where the process kills or stops itself (handlers.process.failpoints)"
    )
    compaction_lag_ms: int = Field(3_600_000, ge=0, description="for tests: the changelog's min.compaction.lag.ms")
    segment_ms: int = Field(3_600_000, gt=0, description="for tests: the changelog's segment.ms")

    @model_validator(mode="after")
    def safe(self) -> "Settings":
        """Refuse to let the world in: on any token, on anyone's, or on a secret that everyone knows."""
        if self.auth == "jwt":
            self._complete()
        remote = [host for host in (self.host, self.internal_host) if not _is_loopback(host)]
        if not remote or self.allow_remote:
            return self
        if self.auth == "sample":
            raise ValueError(
                f"expected a loopback address, found {remote[0]}: the sample authorizer accepts any token; "
                "set AGENDUM_AUTH=jwt, or AGENDUM_ALLOW_REMOTE=true if the network keeps others away"
            )
        if self.secret == DEFAULT_SECRET:
            raise ValueError(
                f"expected a secret of your own beyond loopback ({remote[0]}): by it workers believe each other "
                "anything; set AGENDUM_SECRET to the same random text for all of them"
            )
        return self

    def _complete(self) -> None:
        for name in ("jwt_issuer", "jwt_audience", "jwt_keys", "jwt_accounts", "jwt_super_user"):
            if not getattr(self, name).strip():
                raise ValueError(f"expected AGENDUM_{name.upper()} with AGENDUM_AUTH=jwt, found nothing")
        source = urlsplit(self.jwt_keys)
        if source.scheme == "http" and not _is_loopback(source.hostname or ""):
            raise ValueError("expected AGENDUM_JWT_KEYS as a file or an https URL: by http anyone may put in keys")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
