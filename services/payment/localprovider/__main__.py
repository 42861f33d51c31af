"""`python -m services.payment.localprovider`: pay page, API and callbacks on loopback."""

import asyncio

from kit.http import serve
from kit.service import run_loops, run_process
from kit.settings import load
from services.payment.localprovider.app import make_app
from services.payment.localprovider.notifier import Notifier
from services.payment.localprovider.settings import ProviderSettings
from services.payment.localprovider.signing import Signer
from services.payment.localprovider.store import Store


def main() -> None:
    """Runs until SIGTERM or SIGINT."""
    settings = load(ProviderSettings)

    async def work() -> None:
        store, signer = Store(settings.data), Signer(settings)
        notifier = Notifier(settings, store, signer)
        app = make_app(settings, store, signer, notifier)

        async def api(stop: asyncio.Event) -> None:
            await serve(app, stop, host="127.0.0.1", port=settings.port)

        try:
            await run_loops({"api": api, "callbacks": notifier.run})
        finally:
            store.close()

    run_process("localprovider", settings, work)


if __name__ == "__main__":
    main()
