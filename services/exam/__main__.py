"""`python -m services.exam {api|worker|relay|due|migrate|all}`."""

from kit.service import Context, Service, main
from rules.cache import Packs
from services.exam import api
from services.exam.activities import activities
from services.exam.adapters import Banks
from services.exam.due import handlers
from services.exam.service import ExamService
from services.exam.settings import ExamSettings


def service(context: Context[ExamSettings]) -> ExamService:
    banks = Banks(Packs(context.store.get_content))
    return ExamService(context.db, banks, context.settings, context.store.put_content)


SERVICE = Service(
    name="exam",
    package="services.exam",
    settings=ExamSettings,
    make_app=lambda context: api.make_app(context.settings, context.db, service(context)),
    make_activities=lambda context: activities(service(context)),
    due_handlers=lambda context: handlers(service(context)),
)

if __name__ == "__main__":
    main(SERVICE)
