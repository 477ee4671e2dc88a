"""8-bit arithmetic: calibrated on clips, one writer a runtime, and judged by what it changes."""
