"""Pinned rule packs, read once per process through whatever can fetch bytes."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from rules.pack import LoadedPack, from_canonical


class Packs:
    """Loads packs by their key in the content store; keys name content, so an entry never goes stale."""

    def __init__(self, fetch: Callable[[str], Awaitable[bytes]], keep: int = 8) -> None:
        self._fetch = fetch
        self._keep = keep
        self._loaded: OrderedDict[str, LoadedPack] = OrderedDict()

    async def get(self, pack_key: str) -> LoadedPack:
        """The pack under this key. Errors: whatever `fetch` raises; `PackError` when the bytes are no pack."""
        if pack_key in self._loaded:
            self._loaded.move_to_end(pack_key)
            return self._loaded[pack_key]
        pack = from_canonical(await self._fetch(pack_key))
        self._loaded[pack_key] = pack
        while len(self._loaded) > self._keep:
            self._loaded.popitem(last=False)
        return pack
