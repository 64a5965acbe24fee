"""Settings: read, judged, frozen."""
