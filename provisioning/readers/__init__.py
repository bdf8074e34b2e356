"""Badge and stick readers: one process that turns hardware into words on a local socket."""
