"""`python -m services.publication {api|worker|relay|migrate|all}`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from kit.service import Context, Service, main
from kit.typesetting import Typesetter
from rules.cache import Packs
from services.publication import api
from services.publication.activities import activities
from services.publication.adapters.examiner import Examiner
from services.publication.adapters.keys import SettingKeys
from services.publication.adapters.signing import Sealer
from services.publication.api import complaints, register
from services.publication.due import handlers
from services.publication.service import (
    Certificates,
    ComplaintMoves,
    ComplaintReading,
    Complaints,
    Documents,
    Notices,
    Register,
    Rulings,
    Sealing,
    Verifying,
)
from services.publication.settings import PublicationSettings


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The use-cases of one part of the process, on one pack cache."""

    notices: Notices
    certificates: Certificates
    register: register.Desk
    complaints: complaints.Desk
    examiner: Examiner


def parts(context: Context[PublicationSettings]) -> Parts:
    """Every part of the process has its own; they share database and store."""
    db, store, settings = context.db, context.store, context.settings
    packs = Packs(store.get_content)
    keys, url = SettingKeys(settings), settings.verification_url
    documents = Documents(store, packs, Typesetter(settings.font_paths), Sealer(keys, settings.tsa_url), url)
    examiner = Examiner(timeout=settings.examine_timeout, memory=settings.examine_memory)
    sealing = Sealing(settings)
    old_keys = [path.read_bytes() for path in settings.credential_old_keys]
    return Parts(
        notices=Notices(db, store, packs),
        certificates=Certificates(db, store, packs, documents),
        register=register.Desk(
            register=Register(db, store, packs, documents, keys, url, old_keys),
            rulings=Rulings(db, packs, documents),
            verifying=Verifying(db, keys, examiner),
        ),
        complaints=complaints.Desk(
            complaints=Complaints(db, packs, sealing),
            moves=ComplaintMoves(db, packs, sealing),
            reading=ComplaintReading(db, sealing),
        ),
        examiner=examiner,
    )


def _app(context: Context[PublicationSettings]) -> FastAPI:
    made = parts(context)
    return api.make_app(
        context.settings,
        context.db,
        made.notices,
        made.certificates,
        made.register,
        made.complaints,
        closes=(made.examiner,),
    )


def _activities(context: Context[PublicationSettings]) -> Sequence[Callable[..., Any]]:
    made = parts(context)
    return activities(made.notices, made.certificates, made.complaints.moves)


SERVICE = Service(
    name="publication",
    package="services.publication",
    settings=PublicationSettings,
    make_app=_app,
    make_activities=_activities,
    due_handlers=lambda context: handlers(parts(context).complaints.moves),
)

if __name__ == "__main__":
    main(SERVICE)
