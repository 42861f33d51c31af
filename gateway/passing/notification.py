"""Notification: the mailbox of the embedded default, where messages land that are not really sent."""

from __future__ import annotations

from contracts.commands import Role
from contracts.http import notification
from gateway.passing.queries import MailboxQuery
from gateway.passing.row import Row

NOTIFICATION = (
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
