"""Use-cases of registration, one verb each; every method that writes is one transaction."""

from services.registration.service.registration import Registration

__all__ = ["Registration"]
