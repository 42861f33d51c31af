"""Pages."""


def page_rules(embedded):
    return ()


def add_pages(app, parts):
    pass
