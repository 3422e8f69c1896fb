"""The arithmetic of one example, written out: every sum with its terms, forward and backward."""
