"""Makes an object as a file wants it: creates it, changes it, or leaves it alone, and says which."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from handlers.cli.exits import Exit, Stop
from handlers.cli.kinds import Kind
from handlers.cli.manifests import Manifest, differences
from handlers.client.collection import Collection


class Outcome(StrEnum):
    """What became of an object."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class Applied(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What became of one object."""

    kind: Kind
    id: str
    outcome: Outcome
    #: the fields that changed
    fields: list[str] = []
    #: fields that differ from what the file says, because the service does not let them be set
    kept: list[str] = []
    dry_run: bool = False


async def apply_one(objects: Collection[dict[str, Any]], manifest: Manifest, *, dry_run: bool) -> Applied:
    """Create or change one object, unless it is as it should be. Raises Stop: agendas are made by submitting them."""
    stored = await objects.get(manifest.id)
    if stored is None:
        if manifest.kind is Kind.AGENDA:
            raise _not_to_be_made(manifest)
        if not dry_run:
            await _create(objects, manifest)
        return Applied(manifest.kind, manifest.id, Outcome.CREATED, dry_run=dry_run)
    fields = differences(manifest, stored)
    if not fields:
        return Applied(manifest.kind, manifest.id, Outcome.UNCHANGED, dry_run=dry_run)
    if dry_run:
        return Applied(manifest.kind, manifest.id, Outcome.CHANGED, fields, dry_run=True)
    await objects.put(manifest.id, manifest.said)
    # What it has become, not what was asked for: some fields cannot be set.
    return _compared(manifest, fields, stored, await objects.get(manifest.id) or {})


def _not_to_be_made(manifest: Manifest) -> Stop:
    return Stop(
        Exit.REFUSED,
        f"{manifest} is not there, and was not made",
        "the service gives each agenda its id: it can be changed here, and made by submitting it",
        f"agendum submit FILE --key {manifest.id}, which makes it once, however often it is sent",
    )


async def _create(objects: Collection[dict[str, Any]], manifest: Manifest) -> None:
    await objects.save(manifest.said)
    if "operationProgress" in manifest.said:
        # A POST of a progress keeps none of its operations, a PUT does (spec 2.5, 7.2).
        await objects.put(manifest.id, manifest.said)


def _compared(manifest: Manifest, fields: list[str], before: Mapping[str, Any], after: Mapping[str, Any]) -> Applied:
    changed = [name for name in fields if before.get(name) != after.get(name)]
    kept = [name for name in fields if name not in changed]
    return Applied(manifest.kind, manifest.id, Outcome.CHANGED if changed else Outcome.UNCHANGED, changed, kept)
