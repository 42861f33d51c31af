"""Which topics notification follows."""

from contracts.events import Topic
from kit.service import Consumer
from services.notification.service import NotificationService


def consumers(service: NotificationService) -> list[Consumer]:
    """One group for people and applications."""
    topics = [Topic.people.value, Topic.applications.value]
    return [Consumer(group="notification", topics=topics, handle=service.tell)]
