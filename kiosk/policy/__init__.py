"""Who may do what, and why not. Pure.

Residents: a **policy** is a list of rules over five axes (device class and place, person, group, institution, regime)
plus time and proof level, as signed TOML (:mod:`kiosk.policy.text`). :func:`decide` is the one function that the menu,
the door of each page and the hub ask: default deny, deny wins, every answer names its rule and its sentence
(:mod:`kiosk.policy.words`). Officers: which role may do what stays one table (:mod:`kiosk.policy.roles`).
"""

from kiosk.policy.days import add_working_days
from kiosk.policy.deciding import Decision, Moment, Rulebook, decide, explain, moment_of
from kiosk.policy.roles import NotAllowed, Verdict, judge, require
from kiosk.policy.rules import HIGHEST_LEVEL, Policy, PolicyRefused, Rule
from kiosk.policy.text import read_policy, write_policy

__all__ = [
    "HIGHEST_LEVEL",
    "Decision",
    "Moment",
    "NotAllowed",
    "Policy",
    "PolicyRefused",
    "Rule",
    "Rulebook",
    "Verdict",
    "add_working_days",
    "decide",
    "explain",
    "judge",
    "moment_of",
    "read_policy",
    "require",
    "write_policy",
]
