"""All passed-on routes."""

from __future__ import annotations

from gateway.passing.certificates import CERTIFICATES
from gateway.passing.notification import NOTIFICATION
from gateway.passing.payment import PAYMENT
from gateway.passing.publication import PUBLICATION
from gateway.passing.registration import REGISTRATION
from gateway.passing.results import EXAM, SCORING
from gateway.passing.review import REVIEW
from gateway.passing.row import Row

ROWS: tuple[Row, ...] = (
    *REGISTRATION,
    *PAYMENT,
    *REVIEW,
    *EXAM,
    *SCORING,
    *PUBLICATION,
    *CERTIFICATES,
    *NOTIFICATION,
)
