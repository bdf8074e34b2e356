"""What two officers make together: a draft, a proposal, a colleague's approval, a date."""
