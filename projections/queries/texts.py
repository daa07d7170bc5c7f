"""Which attributes of objects are texts, and what it means that they fit (spec 2.4). Pure."""

from collections.abc import Iterator, Mapping

from eventstore.model import Agenda, AgendaProgress, OperationProgress
from projections.views import Kind

Row = Agenda | AgendaProgress | OperationProgress

_KNOWN = frozenset(
    (
        *("id", "cid", "customerId", "title", "progressId", "jobId", "linkId", "agendaId", "externalId"),
        *("processingState", "processingStateMessage", "agendaProgressId", "operation"),
    )
)


def _texts(kind: type[Row]) -> Iterator[tuple[str, str]]:
    for wire, name in zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True):
        if wire in _KNOWN:
            yield wire, name


#: Of each kind, wire name -> field, of every attribute that is a text: by any other nothing fits.
TEXTS: Mapping[Kind, Mapping[str, str]] = {
    "agenda": dict(_texts(Agenda)),
    "progress": dict(_texts(AgendaProgress)),
    "operation": dict(_texts(OperationProgress)),
}
_FIELDS = {wire: name for texts in TEXTS.values() for wire, name in texts.items()}


def fits(row: Row, where: Mapping[str, str]) -> bool:
    """Whether all these attributes are texts that equal; numbers, booleans, lists and maps never do (spec 2.4).

    What is sealed or kept beside an object for decisions is no attribute.
    """
    return all(
        (field := _FIELDS.get(name)) is not None and getattr(row, field, None) == value for name, value in where.items()
    )
