"""The committed test key: histories under tests/replay/histories are encrypted with it. Never used elsewhere."""

import base64

from pydantic import SecretStr

from kit.settings import Settings

KEY_ID = "test-key-1"
KEY = base64.b64encode(bytes(range(32))).decode()
KEYS = {KEY_ID: bytes(range(32))}
SETTINGS = Settings(service="test", codec_key_id=KEY_ID, codec_keys={KEY_ID: SecretStr(KEY)})
