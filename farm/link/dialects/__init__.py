"""What firmwares say differently: one file each, chosen by the profile."""

from farm.link.dialects.base import Dialect
from farm.link.dialects.choice import dialect_of

__all__ = ["Dialect", "dialect_of"]
