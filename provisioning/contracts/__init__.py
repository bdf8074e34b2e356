"""The documents that cross between machines; every one is versioned, frozen and may arrive twice.

Two ways to cross. A *message* waits in an outbox and is delivered in order, at least once: ``PrintRequest``,
``PrintOrder``, ``ModelSheet`` ... A *call* is asked and answered at once: ``SignIn`` -> ``Lease``.
Both travel in a signed envelope (:mod:`provisioning.identity.envelope`).
"""

from provisioning.contracts.base import Answer, Contract, Done, Refusal, contract_name, decode, encode
from provisioning.contracts.farm import (
    BadgeOwner,
    JobProgress,
    ModelDecision,
    ModelSheet,
    OfficerRoster,
    PrintOrder,
    RosterOfficer,
    WhoseBadge,
)
from provisioning.contracts.kiosk import (
    EndSession,
    Lease,
    MyRequests,
    Notice,
    Objection,
    OfferedModel,
    Picture,
    PictureBytes,
    PrintRequest,
    PublicCopy,
    PublicCopyAnswer,
    RenewLease,
    RequestList,
    RequestStep,
    RequestView,
    ResidentCard,
    SignIn,
)

__all__ = [
    "Answer",
    "BadgeOwner",
    "Contract",
    "Done",
    "EndSession",
    "JobProgress",
    "Lease",
    "ModelDecision",
    "ModelSheet",
    "MyRequests",
    "Notice",
    "Objection",
    "OfferedModel",
    "OfficerRoster",
    "Picture",
    "PictureBytes",
    "PrintOrder",
    "PrintRequest",
    "PublicCopy",
    "PublicCopyAnswer",
    "Refusal",
    "RenewLease",
    "RequestList",
    "RequestStep",
    "RequestView",
    "ResidentCard",
    "RosterOfficer",
    "SignIn",
    "WhoseBadge",
    "contract_name",
    "decode",
    "encode",
]
