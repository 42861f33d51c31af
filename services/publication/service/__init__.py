"""Use-cases of publication: the public list and its clock (`notices`), final list and certificates (`certificates`),
what comes after (`rulings`), what anybody may check (`verifying`), and the register to be read (`register`)."""

from services.publication.service.certificates import Certificates
from services.publication.service.documents import Documents
from services.publication.service.notices import Notices
from services.publication.service.register import Register
from services.publication.service.rulings import Rulings
from services.publication.service.verifying import Verifying

__all__ = ["Certificates", "Documents", "Notices", "Register", "Rulings", "Verifying"]
