"""Use-cases of notification: what is told, how it gets there, what the office does about what did not arrive."""

from services.notification.service.office import Office
from services.notification.service.sending import Sending
from services.notification.service.telling import REMIND, NotificationService

__all__ = ["REMIND", "NotificationService", "Office", "Sending"]
