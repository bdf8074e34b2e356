"""Simulated hardware, shipped as product code: readers, sticks, pins; what the bench panel drives."""
