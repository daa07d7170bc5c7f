"""The AsyncAPI 3 document: all that a program which is not ours needs, to publish and to follow (design 4.9). Pure.

Made from the registry of events and the types that are decoded, so it cannot say anything else than what is done.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from eventstore.catalogue_events import CatalogueEvent
from eventstore.events import EVENTS, LogOpened, RunEvent
from eventstore.ids import NAMESPACE
from eventstore.topics import Topic, Topics
from eventstore.upcasters import RETIRED
from handlers.inbox.meaning import KINDS
from handlers.inbox.rejections import REJECTED, CommandRejected

VERSION = "1.0.0"
JSON = "application/json"
Json = dict[str, Any]

_ABOUT = f"""\
Agendum runs agendas (workflows: a DAG of operations, owned by a customer). Everything that happens is one event here.

**To publish:** send a CloudEvent to the channel `inbox`, in binary mode (attributes as headers `ce_...`) or structured
mode (content-type `application/cloudevents+json`). The key is required: commands with one key, or about one run, keep
their order within a partition. `ce_source` and `ce_id` together name the command: published twice, it has one effect.

**To follow:** events that a command led to carry `ce_correlation`: the command's own `ce_correlation`, or its `ce_id`
where it had none. Note the ends of the channel `agendas` before you publish, read from there until an event carries
yours, and then go on with the records that have the same key: the key is the run's id (`progress.id`), and all events
of one run are in one partition, in order. A run has come to its end with an event whose `progress.processingState` is
`COMPLETE`; `progress.processingStateMessage` then says `succeeded`, `failed` or `cancelled`, if anything. A failed run
may be tried again (AgendaRetried). What was refused is on the channel `rejections`.

**Partitions:** in `agendas` a record is in partition crc32(key) mod P, P being the channel's number of partitions. The
inbox takes any partition; with the run's id as key and the same rule a command is decided without a detour.

**Ids:** a submitted agenda's run has the id UUIDv5({NAMESPACE}, [":inbox", customerId, ce_source, ce_id, "progress",
"0"] joined by U+001F), unless the agenda names a `progressId`.

**Readers** skip records that are no such CloudEvent, whose key belongs to another partition, or whose
`ce_streamversion` is not one more than that of the record before with the same key (copies are possible).
Values of operation payloads, params, diagnostic events and results are sealed texts: key id, MAC and data, with colons
between them; with the key id `plain` the data is JSON.
"""

_TEXT = {"type": "string"}
#: Headers of every CloudEvent in binary mode.
_ATTRIBUTES = {
    "ce_specversion": {"type": "string", "const": "1.0"},
    "ce_id": {**_TEXT, "description": "with ce_source the event's identity"},
    "ce_source": {**_TEXT, "description": "who wrote it"},
}
_ENVELOPE = {
    **_ATTRIBUTES,
    "ce_time": {**_TEXT, "format": "date-time"},
    "content-type": {"type": "string", "const": JSON},
    "ce_streamversion": {**_TEXT, "pattern": "^[0-9]+$", "description": "version that the stream has by it, from 1"},
    "ce_prev": {**_TEXT, "description": "link to the stream's event before: SHA-256, hexadecimal"},
    "ce_customerid": {**_TEXT, "description": "whose it is"},
    "ce_correlation": {**_TEXT, "description": "of the request or command that led to it"},
    "ce_cause": {**_TEXT, "description": "id of what led to it"},
    "ce_request": {**_TEXT, "description": "SHA-256 of the request's body"},
    "ce_keyid": {**_TEXT, "description": "key that fields are sealed with"},
    "ce_inbox": {**_TEXT, "pattern": "^[0-9]+@[0-9]+$", "description": "partition@offset of the inbox record"},
}
_REQUIRED = ["ce_specversion", "ce_id", "ce_source", "ce_type"]


_FOLLOWED: Json = {
    "location": "$message.header#/ce_correlation",
    "description": "the command's ce_correlation, or its ce_id where it had none",
}


def document(topics: Topics) -> Json:
    """The document of one installation."""
    types = [*EVENTS.values(), *(kind.body for kind in KINDS.values()), CommandRejected]
    _, schemas = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    run, catalogue = (_named((*events.__args__, LogOpened)) for events in (RunEvent, CatalogueEvent))
    channels: dict[str, tuple[Topic, list[str], str, Json]] = {
        "agendas": (topics.agendas, run, "Events of all runs; the key is the run's id.", _TEXT),
        "catalogue": (topics.catalogue, catalogue, "Customers, pools, Insights; the key is <kind>/<id>.", _TEXT),
        "inbox": (topics.inbox, [*KINDS], "Commands; what HTTP takes, by topic.", {**_TEXT, "minLength": 1}),
        "rejections": (topics.rejections, [REJECTED], "Records of the inbox that were refused.", _TEXT),
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Agendum", "version": VERSION, "description": _ABOUT, "license": {"name": "Apache-2.0"}},
        "defaultContentType": JSON,
        "channels": {
            name: {
                "address": topic.name,
                "description": about,
                "messages": {each: {"$ref": f"#/components/messages/{each}"} for each in messages},
                "bindings": {"kafka": {"topic": topic.name, "partitions": topic.partitions, "bindingVersion": "0.5.0"}},
            }
            for name, (topic, messages, about, _) in channels.items()
        },
        "operations": {
            name: _operation(name, action, messages)
            for name, (_, messages, _, _) in channels.items()
            for action in ["receive" if name == "inbox" else "send"]
        },
        "components": {
            "messages": {each: _message(each, key) for _, messages, _, key in channels.values() for each in messages},
            "schemas": schemas,
            "correlationIds": {"followed": _FOLLOWED},
        },
    }


def _named(kinds: tuple[type, ...]) -> list[str]:
    """Type names of events, and of their older versions that may still stand in a log."""
    now = [name for name, kind in EVENTS.items() if kind in kinds]
    bare = {name.rpartition(".")[0] for name in now}
    return [*now, *(name for name in RETIRED if name.rpartition(".")[0] in bare)]


def _operation(channel: str, action: str, messages: list[str]) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{each}"} for each in messages],
    }


def _message(name: str, key: Json) -> Json:
    is_command, is_event = name in KINDS, name in EVENTS or name in RETIRED
    attributes: Mapping[str, Json] = _ENVELOPE if is_event else _ATTRIBUTES
    if is_command:
        attributes = {**attributes, "ce_correlation": {**_TEXT, "description": "told again by the events it leads to"}}
    required = [*_REQUIRED, "ce_time", "ce_streamversion"] if is_event else _REQUIRED
    return {
        "name": name,
        "title": name.split(".")[1],
        "summary": _summary(name),
        "contentType": JSON,
        "headers": {
            "type": "object",
            "required": required,
            "properties": {**attributes, "ce_type": {"type": "string", "const": name}},
        },
        "payload": _payload(name),
        "correlationId": {"$ref": "#/components/correlationIds/followed"},
        "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}},
    }


def _payload(name: str) -> Json:
    if name in RETIRED:
        return {"type": "object", "description": "as releases before this one wrote it"}
    kind = CommandRejected if name == REJECTED else KINDS[name].body if name in KINDS else EVENTS[name]
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _summary(name: str) -> str:
    if name in KINDS:
        return KINDS[name].about
    if name == REJECTED:
        return "A record of the inbox was refused; the record itself is in it."
    return f"An older version of {name.split('.')[1]}." if name in RETIRED else (EVENTS[name].__doc__ or "").strip()
