"""The presets themselves, one module for each kind of provider; each holds ``PROVIDERS``."""
