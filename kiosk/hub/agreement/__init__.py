"""The agreement: what residents read and sign before they use a screen. Versions, who signed, what is due."""

from kiosk.hub.agreement.agreements import Agreements, begin_agreements
from kiosk.hub.agreement.store import AGREEMENT, AgreementStore

__all__ = ["AGREEMENT", "AgreementStore", "Agreements", "begin_agreements"]
