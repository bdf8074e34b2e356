"""The ground both others stand on: what makes a bare board a node of the site, and keeps it one."""
