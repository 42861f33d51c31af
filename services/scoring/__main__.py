"""`python -m services.scoring {api|worker|relay|migrate|all}`."""

from kit.service import Context, Service, main
from rules.cache import Packs
from services.scoring import api
from services.scoring.activities import activities
from services.scoring.service import ScoringService
from services.scoring.settings import ScoringSettings


def service(context: Context[ScoringSettings]) -> ScoringService:
    return ScoringService(context.db, Packs(context.store.get_content), context.store.get_content)


SERVICE = Service(
    name="scoring",
    package="services.scoring",
    settings=ScoringSettings,
    make_app=lambda context: api.make_app(context.settings, context.db, service(context)),
    make_activities=lambda context: activities(service(context)),
)

if __name__ == "__main__":
    main(SERVICE)
