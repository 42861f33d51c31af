"""`python -m readmodel [all|consumers|migrate]`: consumes events."""

import sys

from kit.service import Service, main
from kit.settings import Settings
from readmodel.consumers import consumers


class ReadModelSettings(Settings):
    """Its name is also its role in the database."""

    service: str = "readmodel"


SERVICE = Service(
    name="readmodel",
    package="readmodel",
    settings=ReadModelSettings,
    consumers=lambda context: consumers(context.settings),
    relay=False,
)

if __name__ == "__main__":
    main(SERVICE, sys.argv[1:] or ["all"])
