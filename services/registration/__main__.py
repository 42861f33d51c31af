"""`python -m services.registration {api|worker|relay|migrate|all}`."""

from kit.service import Context, Service, main
from kit.typesetting import Typesetter
from rules.cache import Packs
from services.registration import api
from services.registration.activities import activities
from services.registration.adapters.form_pdf import FormPrinter
from services.registration.adapters.inspector import Inspector
from services.registration.adapters.scan_reader import ScanReader
from services.registration.service import Registration
from services.registration.service.parts import Parts
from services.registration.settings import RegistrationSettings


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
            inspector=Inspector(timeout=settings.inspection_timeout, memory=settings.inspection_memory),
            reader=ScanReader(timeout=settings.scan_timeout, memory=settings.scan_memory),
        )
    )


SERVICE = Service(
    name="registration",
    package="services.registration",
    settings=RegistrationSettings,
    make_app=lambda context: api.make_app(context.settings, context.db, service(context)),
    make_activities=lambda context: activities(service(context)),
)

if __name__ == "__main__":
    main(SERVICE)
