"""Notification: what was told and did not arrive; the mailbox of the embedded default."""

from __future__ import annotations

from contracts.commands import Role
from contracts.http import notification
from gateway.passing.queries import MailboxQuery
from gateway.passing.row import Row
from gateway.policy import READERS, Owner

_OFFICE = (Role.secretariat,)

NOTIFICATION = (
    Row(
        method="GET",
        path="/undelivered",
        service="notification",
        roles=_OFFICE,
        query=notification.UndeliveredQuery,
        answer=notification.Undelivered,
        errors=(),
    ),
    Row(
        method="POST",
        path="/undelivered/{message_id}/resend",
        service="notification",
        roles=_OFFICE,
        answer=notification.MessageSent,
        errors=(404,),
    ),
    Row(
        method="POST",
        path="/undelivered/{message_id}/told",
        service="notification",
        roles=_OFFICE,
        answer=notification.MessageSent,
        errors=(404,),
    ),
    Row(
        method="GET",
        path="/applications/{application_id}/messages",
        service="notification",
        roles=READERS,
        owner=Owner.application,
        answer=notification.ToldMessages,
        errors=(404,),
    ),
    Row(
        method="GET",
        path="/sms-templates",
        service="notification",
        roles=READERS,
        answer=notification.SmsTemplates,
        errors=(),
    ),
    Row(
        method="GET",
        path="/mailbox",
        service="notification",
        roles=(Role.operator,),
        query=MailboxQuery,
        answer=notification.Mailbox,
        errors=(404,),
    ),
)
