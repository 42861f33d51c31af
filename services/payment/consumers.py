"""Which topics payment follows: how applications end decides what goes back (F5)."""

from contracts.events import Topic
from kit.service import Consumer
from services.payment.service import PaymentService


def consumers(service: PaymentService) -> list[Consumer]:
    """One group."""
    return [Consumer(group="payment", topics=[Topic.applications.value], handle=service.hear)]
