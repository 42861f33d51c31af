"""`python -m services.payment {api|worker|consumers|relay|due|migrate|all}`."""

from kit.service import Context, Service, main
from kit.typesetting import Typesetter
from rules.cache import Packs
from services.payment import api
from services.payment.activities import activities
from services.payment.adapters.providers import Providers
from services.payment.consumers import consumers
from services.payment.due import handlers
from services.payment.service import PaymentService
from services.payment.service.parts import Parts
from services.payment.settings import PaymentSettings


def service(context: Context[PaymentSettings]) -> PaymentService:
    """Every part of the process has its own; they share nothing but the database."""
    return PaymentService(
        Parts(
            settings=context.settings,
            db=context.db,
            store=context.store,
            packs=Packs(context.store.get_content),
            providers=Providers(context.settings),
            typesetter=Typesetter(),
        )
    )


SERVICE = Service(
    name="payment",
    package="services.payment",
    settings=PaymentSettings,
    make_app=lambda context: api.make_app(context.settings, context.db, service(context)),
    make_activities=lambda context: activities(service(context)),
    consumers=lambda context: consumers(service(context)),
    due_handlers=lambda context: handlers(service(context)),
)

if __name__ == "__main__":
    main(SERVICE)
