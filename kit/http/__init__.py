"""HTTP on both sides: applications that answer in problem+json, a client of our services, a server."""

from kit.http.app import App, create_app
from kit.http.auth import calling_service, current_actor
from kit.http.client import ServiceClient
from kit.http.problems import Problem, problems
from kit.http.server import serve
from kit.tokens import SYSTEM, Actor

__all__ = [
    "SYSTEM",
    "Actor",
    "App",
    "Problem",
    "ServiceClient",
    "calling_service",
    "create_app",
    "current_actor",
    "problems",
    "serve",
]
