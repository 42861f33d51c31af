"""What `rulepack check` says: one problem, with file, line and field."""

from typing import Literal, NamedTuple


class Problem(NamedTuple):
    """A mistake (`error`) or something still open (`warning`). `line` is 1-based; `field` is dotted."""

    file: str
    line: int
    field: str
    message: str
    severity: Literal["error", "warning"] = "error"
