"""The process that alone may switch a cell's power: contacts, relay, stack light, beats of the workers."""
