"""What the system consists of, by name: roles in the database, our processes, what a person calls them."""

from __future__ import annotations

from dataclasses import dataclass

SERVICES = ("registration", "payment", "review", "exam", "scoring", "publication", "notification")
ROLES = ("gateway", *SERVICES, "readmodel")
"""One schema and one role each (kit.db.ROLES says the same)."""

PACKAGES = ("gateway", *(f"services.{name}" for name in SERVICES), "readmodel")
"""What has migrations."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process of ours: `python -m module *words`.

    `role`: its database role, empty when it has none. `ready` is how one knows that it works: "http" (its TCP
    port), "socket" (its unix socket), "queue:<name>" (it polls that task queue), "database" (it has connected to
    it), "alive" (it has not ended for a second).
    """

    name: str
    title: str
    module: str
    words: tuple[str, ...] = ()
    role: str = ""
    ready: str = "alive"
    port: str = ""


def _service(name: str, title: str) -> Part:
    return Part(name=name, title=title, module=f"services.{name}", words=("all",), role=name, ready="socket")


PROCESSES = (
    Part(name="gateway", title="门户", module="gateway", role="gateway", ready="http", port="portal"),
    Part(name="intake", title="受理", module="gateway.intake", role="gateway", ready="queue:gateway"),
    Part(name="workflows", title="流程", module="workflows", ready="queue:workflows"),
    Part(name="readmodel", title="查询库", module="readmodel", role="readmodel", ready="database"),
    _service("registration", "申报"),
    _service("payment", "缴费"),
    _service("review", "审核"),
    _service("exam", "考试"),
    _service("scoring", "成绩"),
    _service("publication", "公示"),
    _service("notification", "通知"),
    Part(
        name="localprovider",
        title="本地支付",
        module="services.payment.localprovider",
        ready="http",
        port="provider",
    ),
)
"""In the order in which they are stopped: the way in first, what it leans on after it."""
