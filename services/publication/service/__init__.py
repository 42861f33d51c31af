"""Use-cases of publication: the public list and its clock (`notices`), final list and certificates (`certificates`),
complaints (`complaints`, `complaint_moves`, `complaint_reading`, `holding`)."""

from services.publication.service.certificates import Certificates
from services.publication.service.complaint_moves import ComplaintMoves
from services.publication.service.complaint_reading import ComplaintReading
from services.publication.service.complaint_sealing import Sealing
from services.publication.service.complaints import Complaints
from services.publication.service.notices import Notices

__all__ = ["Certificates", "ComplaintMoves", "ComplaintReading", "Complaints", "Notices", "Sealing"]
