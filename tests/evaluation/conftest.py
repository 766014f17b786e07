"""Settings of the evaluation tests."""

from hypothesis import settings

# A shared machine may stall any single example; the suite has its own time limit.
settings.register_profile("evaluation", deadline=None)
settings.load_profile("evaluation")
