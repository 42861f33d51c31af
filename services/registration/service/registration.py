"""All use-cases of registration behind one name, for the API and the activities."""

from __future__ import annotations

from contracts.commands import CommandName, PrepareRequest, PrepareResult
from kit.errors import DomainError, Kind
from services.registration.service.amending import CorrectionPages
from services.registration.service.applying import Applying
from services.registration.service.bars import BarDesk
from services.registration.service.cases import Cases
from services.registration.service.claims import ClaimDesk
from services.registration.service.corrections import Corrections
from services.registration.service.drafts import Drafts
from services.registration.service.files import FileDesk
from services.registration.service.filing import Filing
from services.registration.service.outside import Outside
from services.registration.service.parts import Parts
from services.registration.service.people import People
from services.registration.service.phones import Phones
from services.registration.service.photos import PhotoDesk
from services.registration.service.prints import Prints
from services.registration.service.reading import OcrDesk
from services.registration.service.rounds import RoundDesk
from services.registration.service.scans import ScanDesk
from services.registration.service.taking_back import TakingBack


class Registration:
    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.rounds = RoundDesk(parts)
        self.people = People(parts)
        self.phones = Phones(parts)
        self.drafts = Drafts(parts)
        self.prints = Prints(parts)
        self.amended = CorrectionPages(parts, self.prints)
        self.scans = ScanDesk(parts, self.prints, self.amended)
        self.files = FileDesk(parts, self.scans)
        self.photos = PhotoDesk(parts, self.files, self.drafts)
        self.ocr = OcrDesk(parts)
        self.applying = Applying(parts)
        self.filing = Filing(parts, self.scans)
        self.taking_back = TakingBack(parts)
        self.cases = Cases(parts)
        self.corrections = Corrections(parts)
        self.bars = BarDesk(parts)
        self.claims = ClaimDesk(parts)
        self.outside = Outside(parts, self.people)

    async def prepare(self, request: PrepareRequest) -> PrepareResult:
        """What a command needs before the workflow decides; idempotent by command ID. DomainError for a foreign one."""
        prepare = {
            CommandName.open_round: self.rounds.open_round,
            CommandName.apply: self.applying.apply,
            CommandName.submit: self.filing.submit,
            CommandName.attach_scan: self.filing.attach_scan,
            CommandName.resubmit: self.filing.resubmit,
            CommandName.take_back: self.taking_back.prepare,
            CommandName.discard: self.taking_back.prepare,
            CommandName.bar_person: self.bars.prepare,
            CommandName.lift_bar: self.bars.prepare,
            CommandName.file_outside: self.outside.prepare,
        }.get(request.name)
        if prepare is None:
            raise DomainError(Kind.invalid, "not_prepared_here", "此项命令不由申报服务准备。")
        return await prepare(request)

    async def unprepare(self, request: PrepareRequest) -> PrepareResult:
        """The workflow refused. Only what locks or counts is put back: a round or a run that is there stays."""
        undone = (CommandName.submit, CommandName.attach_scan, CommandName.resubmit, CommandName.file_outside)
        if request.name in undone:
            return await self.filing.undo(request)
        if request.name in (CommandName.take_back, CommandName.discard):
            return await self.taking_back.undo(request)
        if request.name in (CommandName.bar_person, CommandName.lift_bar):
            return await self.bars.undo(request)
        return PrepareResult()

    async def aclose(self) -> None:
        """Ends the processes that open files and read scans."""
        await self.parts.inspector.close()
        await self.parts.reader.close()
