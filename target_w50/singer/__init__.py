"""Singer alone: lines, messages, batch files, stream maps, flattening; knows nothing of W50."""
