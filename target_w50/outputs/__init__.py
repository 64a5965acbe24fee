"""What a run leaves behind: state, metrics, quarantine."""
