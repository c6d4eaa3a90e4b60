"""Dashboards as code, and what they are made of."""
