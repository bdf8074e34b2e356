"""Everything that gets hot or moves."""
