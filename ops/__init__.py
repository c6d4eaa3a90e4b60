"""What watches the engine: Prometheus and Grafana."""
