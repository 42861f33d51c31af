"""`/internal/commands`: services post their machine commands here; the relay repeats until it is answered."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header

from contracts.commands import COMMANDS, Receipt, Role, ServiceCommand
from gateway.intake import log
from kit.db import Database
from kit.errors import DomainError, Kind
from kit.http import problems
from kit.settings import Settings
from kit.tokens import verify_service


def router(settings: Settings, database: Database) -> APIRouter:
    """Routes for services only; not part of the public API."""
    routes = APIRouter(prefix="/internal", include_in_schema=False)

    async def service(authorization: Annotated[str, Header()] = "") -> str:
        return verify_service(settings, authorization.removeprefix("Bearer "))

    @routes.post("/commands", responses=problems(401, 403, 409, 413, 422))
    async def receive(command: ServiceCommand, sender: Annotated[str, Depends(service)]) -> Receipt:
        """Store a machine command once; `id` is its identity, `effective_at` is trusted."""
        spec = COMMANDS[command.name]
        if Role.system not in spec.roles or spec.target is not command.target_kind:
            raise DomainError(Kind.forbidden, "command_not_for_services", "服务不能代替人提交这项操作。")
        spec.body.model_validate(command.body)
        async with database.unit_of_work() as session:
            return await log.store(
                session,
                log.NewCommand(
                    id=command.id,
                    target_kind=command.target_kind,
                    target_id=command.target_id,
                    round_id=command.round_id,
                    name=command.name,
                    role=Role.system,
                    body=command.body,
                    effective_at=command.effective_at,
                ),
            )

    return routes
