"""A run's telemetry in the forms that other programs read: a table, TensorBoard's events."""
