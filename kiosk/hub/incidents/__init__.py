"""What happened to a proof of identity that an officer must look at."""
