"""The corridor device: one session machine, its pages on loopback, the public copy, the outbox."""
