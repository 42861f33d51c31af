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
    complaint_received = "complaint_received"
    complaint_question = "complaint_question"
    complaint_extended = "complaint_extended"
    complaint_ended = "complaint_ended"
    complaint_hearing = "complaint_hearing"
    complaint_hearing_last = "complaint_hearing_last"
    complaint_decided = "complaint_decided"


class SendMessage(Input):
    """`id` makes it one message however often it is asked for."""

    id: UUID
    kind: MessageKind
    phone: Annotated[str, Field(min_length=5, max_length=20)]
    params: Annotated[dict[str, Annotated[str, Field(max_length=64)]], Field(max_length=8)]


class MessageSent(Data):
    id: UUID


class MessageState(StrEnum):
    """`waiting`: nobody to reach yet · `queued` · `sent`: the carrier took it · `delivered` · `failed`."""

    waiting = "waiting"
    queued = "queued"
    sent = "sent"
    delivered = "delivered"
    failed = "failed"


class Handled(StrEnum):
    """What the office did about a message that did not arrive."""

    resent = "resent"
    told = "told"


class ToldMessage(Data):
    """One message about an application. `reason`: the carrier's code, or `expired`, `nobody_to_reach`,
    `no_template`, `gave_up: …`; there when it failed."""

    id: UUID
    application_id: UUID
    kind: str
    text: str
    state: MessageState
    created_at: AwareDatetime
    sent_at: AwareDatetime | None = None
    delivered_at: AwareDatetime | None = None
    failed_at: AwareDatetime | None = None
    reason: str | None = None
    attempts: int = 0
    handled: Handled | None = None
    handled_at: AwareDatetime | None = None


class ToldMessages(Data):
    """GET /applications/{application_id}/messages (office): the newest first."""

    messages: tuple[ToldMessage, ...]


class Undelivered(Data):
    """GET /undelivered?page= (office): of `found` messages that wait for somebody, one page, the oldest first.

    POST /undelivered/{message_id}/resend sends the same words to the phone of now; POST …/told: called instead.
    Errors: 404 `no_message`, also when a colleague was quicker.
    """

    messages: tuple[ToldMessage, ...]
    found: int


class UndeliveredQuery(Input):
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


class SmsTemplate(Data):
    """`text`: as it is handed in for approval, with {1}, {2} … `template_id`: the approved one, None: not set up."""

    kind: str
    text: str
    template_id: str | None


class SmsTemplates(Data):
    """GET /sms-templates (office, operator). `sends` false: messages land in the mailbox."""

    sends: bool
    templates: tuple[SmsTemplate, ...]


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
