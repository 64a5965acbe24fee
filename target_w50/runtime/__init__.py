"""The process that the program runs in: stop, signals, standard output, log."""
