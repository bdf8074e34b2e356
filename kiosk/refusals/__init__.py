"""What a person at a kiosk reads when the answer is no, and the rule ids by which officers look it up."""
