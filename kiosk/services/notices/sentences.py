"""What an officer reads when a notice cannot be kept."""

from provisioning.web.locale import N_
from provisioning.web.sentences import register


def register_sentences() -> None:
    """Make this service's codes known; called when the hub connects it."""
    register(
        "notice_incomplete",
        N_("A notice needs a title and a text, in the first language at least. Nothing was changed."),
        office_contact="",  # the officer mends it in the form
    )
    register(
        "notice_dates",
        N_("The last day must come after the first, and within a year. Nothing was changed."),
        office_contact="",  # the officer mends it in the form
    )
