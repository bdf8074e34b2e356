"""The site's record: people, sessions, the API for terminals and farm, the back office."""
