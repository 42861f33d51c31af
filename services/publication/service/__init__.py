"""Use-cases of publication: the public list and its clock (`notices`), final list and certificates (`certificates`),
what comes after (`rulings`), what anybody may check (`verifying`), the register to be read (`register`), complaints
(`complaints`, `complaint_moves`, `complaint_reading`, `holding`)."""

from services.publication.service.certificates import Certificates
from services.publication.service.complaint_moves import ComplaintMoves
from services.publication.service.complaint_reading import ComplaintReading
from services.publication.service.complaint_sealing import Sealing
from services.publication.service.complaints import Complaints
from services.publication.service.documents import Documents
from services.publication.service.notices import Notices
from services.publication.service.register import Register
from services.publication.service.rulings import Rulings
from services.publication.service.verifying import Verifying

__all__ = [
    "Certificates",
    "ComplaintMoves",
    "ComplaintReading",
    "Complaints",
    "Documents",
    "Notices",
    "Register",
    "Rulings",
    "Sealing",
    "Verifying",
]
