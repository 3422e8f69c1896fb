"""What a command's end says to who asked for it; imports nothing, so that even the first line of netviz can."""

DONE = 0
FAILED = 1  # a check that was asked for, or opening the window: no display, a library missing
BAD_INPUT = 2
DIVERGED = 3  # the loss became NaN or infinite
INTERRUPTED = 130
