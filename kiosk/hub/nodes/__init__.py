"""The site's machines as the hub sees them: last contact, and what each was told last."""
