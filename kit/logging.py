"""One JSON line a log record, to stderr, for our loggers and libraries'; personal data is dropped.

Keys that look personal are removed; ID numbers, phone numbers and SQL values are masked in every text.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_PERSONAL = frozenset(
    {"name", "full_name", "person_name", "applicant_name", "unit", "unit_name", "phone", "mobile", "email"}
    | {"mail", "address", "home_address", "id_number", "id_card", "identity_number", "birth", "birthday"}
    | {"password", "secret", "token", "authorization", "cookie", "otp"}
    | {"body", "payload", "form", "text", "params", "parameters"}
)
_PERSONAL_END = ("_phone", "_mobile", "_email", "_id_number", "_password", "_secret", "_token", "_cookie")
_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![0-9A-Za-z])\d{17}[0-9Xx](?![0-9A-Za-z])"), "<id>"),
    (re.compile(r"(?<![0-9A-Za-z])1[3-9]\d{9}(?![0-9A-Za-z])"), "<phone>"),
    # what PostgreSQL and SQLAlchemy quote of a row in their error texts
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}"), "<email>"),
    (re.compile(r"\)=\(.*?\)(?= |$)", re.MULTILINE), ")=(<value>)"),
    (re.compile(r"Failing row contains \(.*\)"), "Failing row contains (<values>)"),
    (re.compile(r"\[parameters: .*?\]$", re.MULTILINE | re.DOTALL), "[parameters: <values>]"),
    # what pydantic quotes of an input
    (re.compile(r"input_value=.*?, input_type="), "input_value=<value>, input_type="),
)
_CHINESE = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+")
_NOISY = ("uvicorn.access", "httpx", "httpcore", "aiokafka", "asyncio", "urllib3", "alembic")


def is_personal(key: str) -> bool:
    """Whether a log key may hold personal data or a secret by its name."""
    low = key.lower()
    return low in _PERSONAL or low.endswith(_PERSONAL_END)


def mask(text: str) -> str:
    """The text with ID numbers, phone numbers, e-mail addresses and quoted row values masked."""
    for pattern, put in _MASKS:
        text = pattern.sub(put, text)
    return text


def mask_foreign(text: str) -> str:
    """As mask(), and without any Chinese: what libraries quote in Chinese is what people typed."""
    return _CHINESE.sub("<…>", mask(text))


def configure(service: str, level: str = "INFO") -> None:
    """Sets structlog and stdlib logging up for a process, at start-up. A second call replaces the first."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)

    def add_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        return event

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_service,
        _add_trace,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.processors.format_exc_info,
                _drop_personal,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger: log.info("event_name", application_id=…, count=…). IDs, enums and numbers only."""
    return structlog.stdlib.get_logger(name)


class _Stderr(logging.Handler):
    """Writes to whatever sys.stderr is at the time, so that nothing holds on to a stream that was closed."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


def _add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    trace = sys.modules.get("opentelemetry.trace")  # only where tracing was set up
    context = trace.get_current_span().get_span_context() if trace else None
    if context is not None and context.is_valid:
        event["trace_id"] = format(context.trace_id, "032x")
    return event


def _drop_personal(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Runs last before rendering. Tracebacks and libraries' own texts keep no Chinese."""
    foreign = not event.pop("_from_structlog", True)
    event.pop("_record", None)
    for key in [key for key in event if is_personal(key)]:
        del event[key]
    for key, value in event.items():
        strict = isinstance(value, str) and (key == "exception" or (foreign and key == "event"))
        event[key] = mask_foreign(value) if strict else _clean(value)
    return event


def _clean(value: Any) -> Any:
    match value:
        case str():
            return mask(value)
        case BaseException():
            return f"{type(value).__name__}: {mask_foreign(str(value))}"
        case Mapping():
            items = cast(MutableMapping[Any, Any], value).items()
            return {k: _clean(v) for k, v in items if not is_personal(str(k))}
        case list() | tuple() | set() | frozenset():
            return [_clean(item) for item in value]
        case None | bool() | int() | float():
            return value
    return mask(str(value))
