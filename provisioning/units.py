"""Money and measures: conversions that more than one package needs."""

import math

# A 1.75 mm filament's cross-section: pi * (1.75 / 2)**2 = 2.405 mm2.
FILAMENT_DIAMETER_MM = 1.75
PLA_DENSITY_G_CM3 = 1.24  # the value the slicer's PLA preset uses


def filament_grams(
    length_mm: float, density_g_cm3: float = PLA_DENSITY_G_CM3, diameter_mm: float = FILAMENT_DIAMETER_MM
) -> float:
    """Grams of a length of filament in millimetres."""
    return length_mm * math.pi * (diameter_mm / 2) ** 2 * density_g_cm3 / 1000
