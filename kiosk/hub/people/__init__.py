"""Residents, officers and what they carry."""
