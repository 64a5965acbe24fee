"""An import job on our side."""
