"""What every web process shares: the app, its locale, its forms, its errors, its looks. See README.md."""
