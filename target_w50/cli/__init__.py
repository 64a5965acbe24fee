"""The `w50` program: the operator's commands. Data goes to standard output, talk to standard error."""
