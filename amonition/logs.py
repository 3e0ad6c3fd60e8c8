"""Logs: one JSON object a line, personal data masked before it is written."""

import logging
import re
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

import structlog

SECRET_FIELDS = re.compile(r"token|secret|password|authorization", re.IGNORECASE)
PHONE = re.compile(r"(?<![\w.-])\+?\d[\d\s()-]{8,17}\d(?![\w.-])")
EMAIL = re.compile(r"[\w.+-]+@([\w-]+\.[\w.-]+)")
WEBHOOK_SECRET = re.compile(r"(/webhooks/amocrm/)[^/\s]+")
AS_THEY_ARE = (bool, int, float, dict, list, tuple, type(None))
NOT_PERSONAL = frozenset({"timestamp", "level", "logger"})


def mask(value: str) -> str:
    """`value` without phones (two last digits stay), local parts of e-mails, webhook secrets."""
    value = WEBHOOK_SECRET.sub(r"\1***", value)
    value = EMAIL.sub(r"***@\1", value)
    return PHONE.sub(lambda match: "***" + match.group()[-2:], value)


def mask_event(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """structlog's processor around `mask`."""
    for name, value in event.items():
        if name in NOT_PERSONAL:
            continue
        if SECRET_FIELDS.search(name):
            event[name] = "***"
        elif not isinstance(value, AS_THEY_ARE):
            event[name] = mask(str(value))  # a request, an id, an error: their texts have paths
    return event


def is_no_wrong_secret(record: logging.LogRecord) -> bool:
    """Django logs every 404 of a door; the door says itself as much of them as people need."""
    request = getattr(record, "request", None)
    is_missing = getattr(record, "status_code", None) == HTTPStatus.NOT_FOUND
    return not (is_missing and WEBHOOK_SECRET.match(getattr(request, "path", "")))


def logging_config(*, debug: bool) -> dict[str, Any]:
    """Django's LOGGING. With `debug` the same events in colours for a person's terminal."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if debug else structlog.processors.JSONRenderer(default=str)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "events": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [
                    structlog.stdlib.add_log_level,
                    structlog.stdlib.add_logger_name,
                    structlog.stdlib.ExtraAdder(),
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                ],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    mask_event,
                    renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "events"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "filters": {"wrong_secrets": {"()": lambda: is_no_wrong_secret}},
        "loggers": {
            "django.request": {"filters": ["wrong_secrets"]},
            "django.server": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
        },
    }
