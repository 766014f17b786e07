"""Quality checks of pairs: small pure modules that say what they found, where, and what would mend it.

`kinds` names what there is to find, and is all that is imported here: what checks is imported by who checks
(`hone.labeling.checks.every`).
"""

from hone.labeling.checks.kinds import KINDS, Kind

__all__ = ["KINDS", "Kind"]
