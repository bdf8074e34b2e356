"""What is to be printed: models, orders, jobs and runs; who may print what, on which printer, once."""
