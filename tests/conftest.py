"""What holds for every test."""

from hypothesis import settings

# Speed is measured in benchmarks/, never in a test: a busy machine must not fail one.
settings.register_profile("project", deadline=None)
settings.load_profile("project")
