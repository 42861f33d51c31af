"""What of a complaint is sealed, and how: who complained, what was told, every text, every message (O4)."""

import hmac
import json
from uuid import UUID

from contracts.http import complaints as http
from kit import crypto
from kit.settings import Settings
from services.publication.domain import complaints as domain
from services.publication.models import ComplaintEntryRow, ComplaintMessageRow, ComplaintRow


class Sealing:
    """Everything is bound to its row: moved elsewhere it does not open."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def number(self, complaint_id: UUID) -> str:
        return domain.number(self._hash(complaint_id, "complaint_number"))

    def code(self, complaint_id: UUID) -> str:
        """The receipt's code: made from ID and key whenever it is needed, kept nowhere."""
        return domain.code(self._hash(complaint_id, "complaint_code"))

    def fits(self, row: ComplaintRow | None, given: http.LookUp) -> bool:
        """Whether the code is this complaint's; equally slow for one that is not there."""
        code = self.code(row.id if row is not None else UUID(int=0))
        good = hmac.compare_digest(domain.tidy(code).encode(), domain.tidy(given.code).encode())
        return good and row is not None

    def told(self, given: http.FileComplaint) -> bytes:
        said = json.dumps({"about": given.about, "facts": given.facts}, ensure_ascii=False)
        return self._seal(said, f"complaint.told/{given.complaint_id}")

    def read_told(self, row: ComplaintRow) -> tuple[str, str]:
        """What it is about, and the facts."""
        said = json.loads(self._open(row.told, f"complaint.told/{row.id}"))
        return said["about"], said["facts"]

    def told_hash(self, given: http.FileComplaint) -> str:
        """The same for the same form; files are compared by their places and sizes."""
        return crypto.keyed_hash(self._settings, given.model_dump_json(), purpose="complaint_told")

    def complainant(self, given: http.FileComplaint) -> bytes | None:
        if given.complainant is None:
            return None
        return self._seal(given.complainant.model_dump_json(), f"complaint.complainant/{given.complaint_id}")

    def read_complainant(self, row: ComplaintRow) -> http.Complainant | None:
        if row.complainant is None:
            return None
        text = self._open(row.complainant, f"complaint.complainant/{row.id}")
        return http.Complainant.model_validate_json(text)

    def entry(self, entry_id: UUID, text: str) -> bytes:
        return self._seal(text, f"complaint.entry/{entry_id}")

    def read_entry(self, row: ComplaintEntryRow) -> str:
        return self._open(row.sealed, f"complaint.entry/{row.id}")

    def message(self, message_id: UUID, phone: str | None, params: dict[str, str]) -> bytes:
        said = json.dumps({"phone": phone, "params": params}, ensure_ascii=False)
        return self._seal(said, f"complaint.message/{message_id}")

    def read_message(self, row: ComplaintMessageRow) -> http.Outgoing:
        said = json.loads(self._open(row.sealed, f"complaint.message/{row.id}"))
        return http.Outgoing(id=row.id, kind=row.kind, application_id=row.application_id, **said)

    def _hash(self, complaint_id: UUID, purpose: str) -> str:
        return crypto.keyed_hash(self._settings, str(complaint_id), purpose=purpose)

    def _seal(self, text: str, bind: str) -> bytes:
        return crypto.encrypt_field(self._settings, text, bind=bind)

    def _open(self, data: bytes, bind: str) -> str:
        return crypto.decrypt_field(self._settings, data, bind=bind)
