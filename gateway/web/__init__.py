"""Pages: Jinja2, a little htmx, Tabler; Chinese first, English by switch; everything works without JavaScript."""

from gateway.web.site import BODY_LIMITS, add_pages, page_rules

__all__ = ["BODY_LIMITS", "add_pages", "page_rules"]
