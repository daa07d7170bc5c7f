"""Structured logs: one line of key=value per event, each with its action (structlog over the standard library)."""

import logging
import sys

import structlog

#: What Faust and aiokafka say at INFO is their own business; these lines are noise at any level.
_NOISE = ("Group Coordinator Request failed", "Topic creation disabled")


def set_up(level: str) -> None:
    """Log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso"),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
            ],
        )
    )
    handler.addFilter(lambda record: not record.getMessage().startswith(_NOISE))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("faust", "mode", "aiokafka", "kafka"):
        logging.getLogger(name).setLevel(logging.WARNING)
