"""Faults staged on real processes, watched as operations would: through dashboards and alerts alone."""
