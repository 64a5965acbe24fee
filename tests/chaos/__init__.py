"""Seeded runs of the real program against a sandbox that misbehaves, with signals, kills and restarts."""
