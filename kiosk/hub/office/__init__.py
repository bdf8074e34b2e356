"""The back office: sign-in, work queue, people, devices, audit; services bring their own pages."""
