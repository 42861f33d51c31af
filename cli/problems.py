"""What the command line says when something cannot be done: a stable code and a sentence for a person."""

from __future__ import annotations


class Problem(Exception):
    """`code` is stable English, `message` says in Chinese what happened and what to do now."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
