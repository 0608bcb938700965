"""How it is trained: the runs' data, the losses, the loop, and how many runs train at once."""
