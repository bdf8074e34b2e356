"""Everything residents and the site's officers touch: kiosks, the hub, the services."""
