"""Quality checks of pairs: small pure modules that say what they found, where, and what would mend it."""

from hone.labeling.checks.kinds import KINDS, Kind

__all__ = ["KINDS", "Kind"]
