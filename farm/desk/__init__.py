"""The workshop staff's pages, and the process that keeps the farm's record: ``passage-farm serve``."""
