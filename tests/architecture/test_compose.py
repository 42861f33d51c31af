"""docker-compose.yml without Docker: every command exists, every setting is known, every key is its owner's."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from cli.compose_env import variables
from cli.embedded.keys import Secrets
from gateway.settings import GatewaySettings
from kit.db import ROLES
from kit.service import MODES, Service
from kit.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
OURS: dict[str, dict[str, Any]] = {
    name: service for name, service in COMPOSE["services"].items() if service["image"] == "fudao"
}
ADMIN = {"FUDAO_ADMIN_DSN", "FUDAO_DB_PASSWORDS"}
"""What `python -m kit.db` reads beside the settings."""


def module_of(service: dict[str, Any]) -> str:
    words: list[str] = service["command"]
    assert words[:2] == ["python", "-m"]
    return words[2]


def service_of(module: str) -> Service[Any] | None:
    """What the module's __main__ describes; None for those that are no `Service` with modes."""
    found = getattr(importlib.import_module(f"{module}.__main__"), "SERVICE", None)
    return found if isinstance(found, Service) else None


@pytest.mark.parametrize("name", OURS)
def test_every_command_resolves(name: str) -> None:
    module, words = module_of(OURS[name]), OURS[name]["command"][3:]
    assert importlib.util.find_spec(f"{module}.__main__") is not None
    if module.startswith("services."):
        assert len(words) == 1
        assert words[0] in MODES


def test_every_part_of_every_service_runs_somewhere_and_once() -> None:
    parts: dict[str, Callable[[Service[Any]], bool]] = {
        "api": lambda one: one.make_app is not None,
        "worker": lambda one: one.make_activities is not None,
        "consumers": lambda one: one.consumers is not None,
        "relay": lambda one: one.relay,
        "due": lambda one: one.due_handlers is not None or one.more_loops is not None,
    }
    names = [name for name in ROLES if name not in ("gateway", "readmodel")]
    there = {f"services.{name}": service_of(f"services.{name}") for name in names}
    wanted = sorted(
        (module, mode)
        for module, one in there.items()
        for mode, has in parts.items()
        if one is not None and has(one)
    )
    run = sorted((module_of(one), one["command"][3]) for one in OURS.values() if module_of(one) in there)
    assert run == wanted
    others = sorted(module_of(one) for one in OURS.values() if module_of(one) not in there)
    assert others == ["gateway", "gateway.intake", "kit.db", "kit.db", "readmodel", "workflows"]


@pytest.mark.parametrize("name", OURS)
def test_every_setting_is_known(name: str) -> None:
    module = module_of(OURS[name])
    described = service_of(module)
    known = set((described.settings if described else Settings).model_fields)
    if module.startswith("gateway"):
        known |= set(GatewaySettings.model_fields)
    urls = {f"FUDAO_{role.upper()}_URL" for role in ROLES} | {"FUDAO_GATEWAY_URL"}
    allowed = {f"FUDAO_{field.upper()}" for field in known} | urls | ADMIN
    assert sorted(set(OURS[name]["environment"]) - allowed) == []
    assert "FUDAO_EMBEDDED" not in OURS[name]["environment"]


def test_every_variable_is_generated_or_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    needed = set(re.findall(r"\$\{(\w+):\?", text))
    made = variables(Secrets())
    assert needed - set(made) == set()
    assert set(made) - needed == {"GATEWAY_SERVICE_KEY"}
    assert all("'" not in value for value in made.values())


def test_keys_go_to_their_owners_only() -> None:
    signing = {
        name
        for name, service in OURS.items()
        if {"FUDAO_ACTOR_PRIVATE_KEY", "FUDAO_SERVICE_ROOT_KEY"} & set(service["environment"])
    }
    assert signing == {"gateway", "intake"}
    for name, service in OURS.items():
        owner = service["environment"].get("FUDAO_SERVICE", "").upper()
        for variable in ("FUDAO_DB_PASSWORD", "FUDAO_SERVICE_KEY"):
            value = service["environment"].get(variable)
            if value is not None:
                assert value.startswith(f"${{{owner}_{variable.removeprefix('FUDAO_')}:?"), name


def test_nothing_is_published_beyond_loopback() -> None:
    published = {port for service in COMPOSE["services"].values() for port in service.get("ports", [])}
    assert {port.split(":")[0] for port in published} == {"127.0.0.1"}
    assert {port.rsplit(":", 1)[1] for port in published} == {"8000", "8080", "8333"}


def test_the_image_has_every_package_and_only_commands_that_exist() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    packages = {"cli", "contracts", "gateway", "kit", "readmodel", "rules", "services", "workflows"}
    copied = set(re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE))
    assert copied == packages
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    assert all(f"!{name}\n" in ignored for name in [*packages, "rulepacks", "scripts"])
    assert 'CMD ["python", "-m", "gateway"]' in text
