"""Pages: Jinja2, a little htmx, Tabler; Chinese first, English by switch; everything works without JavaScript."""

from gateway.web.site import FORM_LIMITS, add_pages, page_rules

__all__ = ["FORM_LIMITS", "add_pages", "page_rules"]
