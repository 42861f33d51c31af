"""`python -m services.publication {api|worker|relay|migrate|all}`."""

from kit.service import Context, Service, main
from kit.typesetting import Typesetter
from rules.cache import Packs
from services.publication import api
from services.publication.activities import activities
from services.publication.service import Certificates, Notices
from services.publication.settings import PublicationSettings


def parts(context: Context[PublicationSettings]) -> tuple[Notices, Certificates]:
    """The two halves of the service, on one pack cache."""
    packs = Packs(context.store.get_content)
    typesetter = Typesetter(context.settings.font_paths)
    url = context.settings.verification_url
    return Notices(context.db, context.store, packs), Certificates(
        context.db, context.store, packs, typesetter, url
    )


SERVICE = Service(
    name="publication",
    package="services.publication",
    settings=PublicationSettings,
    make_app=lambda context: api.make_app(context.settings, context.db, *parts(context)),
    make_activities=lambda context: activities(*parts(context)),
)

if __name__ == "__main__":
    main(SERVICE)
