"""`python -m services.publication {api|worker|relay|due|migrate|all}`."""

from kit.service import Context, Service, main
from kit.typesetting import Typesetter
from rules.cache import Packs
from services.publication import api
from services.publication.activities import activities
from services.publication.api.complaints import Desk
from services.publication.due import handlers
from services.publication.service import (
    Certificates,
    ComplaintMoves,
    ComplaintReading,
    Complaints,
    Notices,
    Sealing,
)
from services.publication.settings import PublicationSettings


def parts(context: Context[PublicationSettings]) -> tuple[Notices, Certificates]:
    """The two halves of the service, on one pack cache."""
    packs = Packs(context.store.get_content)
    typesetter = Typesetter(context.settings.font_paths)
    url = context.settings.verification_url
    return Notices(context.db, context.store, packs), Certificates(
        context.db, context.store, packs, typesetter, url
    )


def desk(context: Context[PublicationSettings]) -> Desk:
    """What has to do with complaints."""
    packs, sealing = Packs(context.store.get_content), Sealing(context.settings)
    return Desk(
        complaints=Complaints(context.db, packs, sealing),
        moves=ComplaintMoves(context.db, packs, sealing),
        reading=ComplaintReading(context.db, sealing),
    )


SERVICE = Service(
    name="publication",
    package="services.publication",
    settings=PublicationSettings,
    make_app=lambda context: api.make_app(context.settings, context.db, *parts(context), desk(context)),
    make_activities=lambda context: activities(*parts(context), desk(context).moves),
    due_handlers=lambda context: handlers(desk(context).moves),
)

if __name__ == "__main__":
    main(SERVICE)
