"""`python -m services.registration {api|worker|relay|migrate|all}`."""

from fastapi import FastAPI

from kit.logging import get_logger
from kit.loops import Loop
from kit.service import Context, Service, main
from kit.typesetting import Typesetter
from rules.cache import Packs
from services.registration import api, due
from services.registration.activities import activities
from services.registration.adapters import ocr
from services.registration.adapters.clamav import VirusScanner
from services.registration.adapters.form_pdf import FormPrinter
from services.registration.adapters.inspector import Inspector
from services.registration.adapters.scan_reader import ScanReader
from services.registration.service import Registration
from services.registration.service.parts import Parts
from services.registration.settings import RegistrationSettings

log = get_logger(__name__)


def service(context: Context[RegistrationSettings]) -> Registration:
    """Every part of the process has its own; they share database and store."""
    settings = context.settings
    return Registration(
        Parts(
            settings=settings,
            db=context.db,
            store=context.store,
            packs=Packs(context.store.get_content),
            printer=FormPrinter(Typesetter(settings.font_paths)),
            inspector=Inspector(
                timeout=settings.inspection_timeout,
                memory=settings.inspection_memory,
                cpu=settings.inspection_cpu,
            ),
            scanner=_scanner(settings),
            reader=ScanReader(timeout=settings.scan_timeout, memory=settings.scan_memory),
        )
    )


def _scanner(settings: RegistrationSettings) -> VirusScanner | None:
    if not (settings.clamd_socket or settings.clamd_host):
        return None
    return VirusScanner(
        socket=settings.clamd_socket,
        host=settings.clamd_host,
        port=settings.clamd_port,
        timeout=settings.clamd_timeout,
    )


def _app(context: Context[RegistrationSettings]) -> FastAPI:
    """Says once what is not there: nobody should take it for granted."""
    settings = context.settings
    if _scanner(settings) is None:
        log.warning("no_virus_scanner", hint="REGISTRATION_CLAMD_SOCKET / REGISTRATION_CLAMD_HOST")
    if not _reads(settings):
        log.warning("no_ocr", hint="extra ocr")
    return api.make_app(settings, context.db, service(context))


def _reads(settings: RegistrationSettings) -> bool:
    return settings.ocr and ocr.installed()


def _loops(context: Context[RegistrationSettings]) -> dict[str, Loop]:
    one = service(context)
    return {"phones": one.phones.run, **({"ocr": one.ocr.run} if _reads(context.settings) else {})}


SERVICE = Service(
    name="registration",
    package="services.registration",
    settings=RegistrationSettings,
    make_app=_app,
    make_activities=lambda context: activities(service(context)),
    due_handlers=lambda context: due.handlers(service(context)),
    more_loops=_loops,
)

if __name__ == "__main__":
    main(SERVICE)
