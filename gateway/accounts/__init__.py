"""Who is asking: login by phone code or password, server-side sessions, staff and their roles, rate limits."""
