"""The process `target-w50`, around a run."""
