"""The link under the name it had when it knew one firmware."""

from farm.link.link import Link as MarlinLink

__all__ = ["MarlinLink"]
