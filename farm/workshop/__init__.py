"""What comes off a bed and what it was made of: reels, parts, weighing, waste, hand-over."""
