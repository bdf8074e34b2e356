"""Reading a G-code file: tokens, policy, estimate, spool file, pictures. No web, no serial, no SQL."""
