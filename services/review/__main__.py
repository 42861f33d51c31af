"""`python -m services.review {api|worker|relay|due|migrate|all}`."""

from kit.service import Context, Service, main
from services.review import api
from services.review.activities import activities
from services.review.adapters import Content
from services.review.due import handlers
from services.review.service import ReviewService
from services.review.settings import ReviewSettings


def service(context: Context[ReviewSettings]) -> ReviewService:
    content = Content(context.store, context.settings.link_lifetime)
    return ReviewService(context.db, content, context.settings)


SERVICE = Service(
    name="review",
    package="services.review",
    settings=ReviewSettings,
    make_app=lambda context: api.make_app(context.settings, context.db, service(context)),
    make_activities=lambda context: activities(service(context)),
    due_handlers=lambda context: handlers(service(context)),
)

if __name__ == "__main__":
    main(SERVICE)
