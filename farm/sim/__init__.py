"""Virtual printers: firmware behaviour, heat, motion, faults, pseudo-terminals. Shipped: demo, training and tests."""
