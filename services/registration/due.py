"""Due rows of registration: uploads that nobody asked about, or that the virus scanner has not answered for."""

from collections.abc import Mapping

from kit.due import DueHandler
from services.registration.service import Registration
from services.registration.service.checking import CHECK


def handlers(service: Registration) -> Mapping[str, DueHandler]:
    """What happens when a row of each kind falls due."""
    return {CHECK: service.files.checker.check_again}
