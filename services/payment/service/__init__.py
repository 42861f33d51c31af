"""Use-cases of payment, one verb each; modules by what they are about, `payment` the whole for its process."""

from services.payment.service.payment import PaymentService

__all__ = ["PaymentService"]
