"""`w50 demo`: sample contacts into a sandbox, shown readably."""
