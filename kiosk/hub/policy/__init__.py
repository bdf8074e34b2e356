"""The site's policy on the hub: its signed versions, who approved each, suspensions, and what is true of whom."""
