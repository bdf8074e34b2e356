"""Who may do what: one table, default deny, every answer explained. Pure."""

from kiosk.policy.days import add_working_days
from kiosk.policy.roles import NotAllowed, Verdict, judge, require

__all__ = ["NotAllowed", "Verdict", "add_working_days", "judge", "require"]
