"""Use-cases of publication: the public list and its clock (`notices`), final list and certificates (`certificates`)."""

from services.publication.service.certificates import Certificates
from services.publication.service.notices import Notices

__all__ = ["Certificates", "Notices"]
