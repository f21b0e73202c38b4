"""Audits: whether a strategy looks at what it could not have known."""
