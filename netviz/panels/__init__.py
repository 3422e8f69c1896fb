"""Instruments: each panel is one file, declares the probes it needs, and only draws. `catalogue` lists them."""
