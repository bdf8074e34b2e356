"""Tools for a printer on a technician's table: stream, identify, replay, measure. No desk, no cell, no site."""
