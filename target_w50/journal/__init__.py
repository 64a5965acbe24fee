"""What the target remembers across runs: contact lists taken, import jobs and how far they came."""
