"""Protecting an API with access tokens: a wing that is planned; nothing stands here yet.  See ``docs/design.md``."""
