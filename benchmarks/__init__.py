"""How fast training is here: the study's engine beside a plain PyTorch loop, in one run."""
