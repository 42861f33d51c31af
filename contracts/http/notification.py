"""HTTP of notification: messages that the gateway sends at once, and the mailbox of the embedded default."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input


class MessageKind(StrEnum):
    """What can be sent on the gateway's word; everything else follows events."""

    login_code = "login_code"
    help_code = "help_code"
    recovery_code = "recovery_code"
    recovery_done_old = "recovery_done_old"
    recovery_done_new = "recovery_done_new"
    recovery_rejected = "recovery_rejected"


class SendMessage(Input):
    """`id` makes it one message however often it is asked for."""

    id: UUID
    kind: MessageKind
    phone: Annotated[str, Field(min_length=5, max_length=20)]
    params: Annotated[dict[str, Annotated[str, Field(max_length=64)]], Field(max_length=8)]


class MessageSent(Data):
    id: UUID


class Message(Data):
    """A message as its receiver read it."""

    id: UUID
    kind: str
    text: str
    sent_at: AwareDatetime


class Mailbox(Data):
    """The newest messages to one phone, newest first (embedded default only)."""

    recipient: str
    messages: tuple[Message, ...]
