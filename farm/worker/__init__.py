"""The process that owns one printer's serial port and drives one run at a time."""
