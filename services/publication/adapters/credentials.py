"""Machine-readable credentials: Open Badges 3.0 / VC 2.0 as JWT (ES256), with their Bitstring Status Lists (2025)."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey

LIST_SIZE = 131_072
"""Entries of a status list: with 16 KB, the smallest that hides a person in the herd, as the standard asks."""
STATUS_SECONDS = 30
"""For how long a status list may be kept: a revocation is seen within a minute."""
_LIST_VALID = timedelta(hours=1)
"""After which nobody can hand on an old list, from before a revocation."""
_VC = "https://www.w3.org/ns/credentials/v2"
_BADGE = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
_DID = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"]


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a credential says: the certificate, without the photo."""

    id: UUID
    number: str
    name: str
    title: str
    level: str
    level_name: str
    round_name: str
    issuers: tuple[str, ...]
    document_number: str
    issued_on: date
    made_at: datetime
    list_number: int
    list_index: int
    demo: bool


class Issuer:
    """Signs as `did:web` of the address under which the keys are published."""

    def __init__(self, url: str, key: ec.EllipticCurvePrivateKey, old: Sequence[bytes] = ()) -> None:
        self._url = url
        self._key = ECKey.import_key(key)
        self._public = [_public(self._key), *(_public(ECKey.import_key(one)) for one in old)]
        self.did = did_of(url)

    def credential(self, content: Content) -> str:
        """The JWT that the holder hands on."""
        return self._sign(self.payload(content), "JWT")

    def payload(self, content: Content) -> dict[str, Any]:
        """Open Badges 3.0 §8: the credential's members stand at the top of the JWT."""
        status = self.status_url(content.list_number)
        names = "、".join(content.issuers)
        what = f"{content.level_name}青少年科技辅导员"
        said = f"{content.round_name}，公布文号 {content.document_number}，颁发单位：{names}。"
        if content.demo:
            said += "由演示系统用演示密钥签发，没有任何单位的电子印章，不具有证明效力。"
        made = _utc(content.made_at)
        return {
            "@context": [_VC, _BADGE],
            "id": f"urn:uuid:{content.id}",
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "name": content.title,
            "issuer": {"id": self.did, "type": ["Profile"], "name": names, "url": self._url},
            "validFrom": made,
            "awardedDate": f"{content.issued_on.isoformat()}T00:00:00+08:00",
            "credentialSubject": {
                "type": ["AchievementSubject"],
                "identifier": [
                    {
                        "type": "IdentityObject",
                        "hashed": False,
                        "identityType": "name",
                        "identityHash": content.name,
                    }
                ],
                "licenseNumber": content.number,
                "achievement": {
                    "id": f"{self._url}/verify?level={quote(content.level)}",
                    "type": ["Achievement"],
                    "achievementType": "Certification",
                    "name": what,
                    "description": said,
                    "criteria": {"narrative": "经申报、资格审查、考核与评审，公示无异议，符合认证条件。"},
                    "inLanguage": "zh-CN",
                },
            },
            "credentialStatus": {
                "id": f"{status}#{content.list_index}",
                "type": "BitstringStatusListEntry",
                "statusPurpose": "revocation",
                "statusListIndex": str(content.list_index),
                "statusListCredential": status,
            },
            "iss": self.did,
            "jti": f"urn:uuid:{content.id}",
            "nbf": int(content.made_at.timestamp()),
        }

    def enveloped(self, jwt: str) -> dict[str, object]:
        """A credential as a JSON document (VC 2.0, EnvelopedVerifiableCredential)."""
        return {
            "@context": _VC,
            "id": f"data:application/vc+jwt,{jwt}",
            "type": "EnvelopedVerifiableCredential",
        }

    def status_url(self, number: int) -> str:
        return f"{self._url}/status/{number}"

    def status_list(self, number: int, gone: Iterable[int], moment: datetime) -> str:
        """The signed list; `gone`: places of what is revoked or replaced."""
        at = self.status_url(number)
        payload = {
            "@context": [_VC],
            "id": at,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": self.did,
            "validFrom": _utc(moment),
            "validUntil": _utc(moment + _LIST_VALID),
            "credentialSubject": {
                "id": f"{at}#list",
                "type": "BitstringStatusList",
                "statusPurpose": "revocation",
                "encodedList": encoded(gone),
                "ttl": STATUS_SECONDS * 1000,
            },
            "iss": self.did,
            "nbf": int(moment.timestamp()),
            "exp": int((moment + _LIST_VALID).timestamp()),
        }
        return self._sign(payload, "vc+jwt")

    def keys(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The JWK set and the DID document."""
        methods = [
            {
                "id": f"{self.did}#{one['kid']}",
                "type": "JsonWebKey2020",
                "controller": self.did,
                "publicKeyJwk": one,
            }
            for one in self._public
        ]
        did = {
            "@context": _DID,
            "id": self.did,
            "verificationMethod": methods,
            "assertionMethod": [one["id"] for one in methods],
        }
        return {"keys": self._public}, did

    def _sign(self, payload: dict[str, Any], kind: str) -> str:
        header = {"alg": "ES256", "typ": kind, "kid": f"{self.did}#{self._public[0]['kid']}"}
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        return jws.serialize_compact(header, body, self._key, algorithms=["ES256"])


def did_of(url: str) -> str:
    """did:web of an address: the port's colon is encoded."""
    return f"did:web:{quote(urlsplit(url).netloc, safe='.-')}"


def encoded(gone: Iterable[int]) -> str:
    """The bitstring, most significant bit first, compressed, as multibase base64url."""
    bits = bytearray(LIST_SIZE // 8)
    for place in gone:
        bits[place // 8] |= 0x80 >> (place % 8)
    packed = gzip.compress(bytes(bits), mtime=0)
    return "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decoded(text: str) -> frozenset[int]:
    """The places that are set: what `encoded` was given."""
    raw = base64.urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4))
    bits = gzip.decompress(raw)
    return frozenset(n for n in range(len(bits) * 8) if bits[n // 8] & (0x80 >> (n % 8)))


def _public(key: ECKey) -> dict[str, Any]:
    found: dict[str, Any] = dict(key.as_dict(private=False))
    found.pop("kid", None)
    return {**found, "kid": key.thumbprint(), "alg": "ES256", "use": "sig"}


def public_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
