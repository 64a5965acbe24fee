"""What `w50 init` and `w50 plan --write` need: questions, secrets, and files written whole or not at all."""
