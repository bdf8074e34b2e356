"""One file per firmware: how its board reads, acknowledges, refuses, stops; ``farm.sim.board`` is what they share."""
